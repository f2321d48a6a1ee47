"""What the board knows of the published tables is what the analysis derives them from."""

import csv

import pandas as pd
import pytest

from harness import published as board
from results import published
from results.paper.names import DATASETS, METHODS, MODELS

EARLY = {
    "EB Train": "early_bird",
    "EB Train (re-init)": "early_bird_reinit",
    "EB Train (LF)": "early_bird_lf",
    "EB Train (LL)": "early_bird_ll",
}
ROWS = {title: name for name, title in METHODS.items()} | EARLY


def place(row):
    names = ({title: name for name, title in table.items()} for table in (MODELS, DATASETS))
    model, dataset = (table[row[key]] for table, key in zip(names, ("model", "dataset"), strict=True))
    ratio = None if pd.isna(row["ratio_pct"]) else row["ratio_pct"] / 100
    return model, dataset, ROWS[row["method"]], ratio


@pytest.mark.parametrize("number, metric", [("2", "retrain_acc"), ("3", "top1_acc")])
def test_accuracies_are_those_printed(number, metric):
    cells = published.table(number)
    printed = cells[(cells["metric"] == metric) & cells["method"].isin(ROWS) & cells["value"].notna()]
    assert len(printed) > 10
    for _, row in printed.iterrows():
        assert board.find(*place(row)).accuracy == pytest.approx(float(row["value"]) / 100)


def test_joules_and_epochs_give_the_same_sums_as_the_recipes():
    recipes = pd.read_csv(published.FOLDER / "recipes.csv")
    energies = recipes[(recipes["quantity"] == "energy") & recipes["method"].isin(["EB Train", "EB Train (re-init)"])]
    for _, row in energies.iterrows():
        known = board.find(*place(row))
        left = 160 if row["method"] == "EB Train (re-init)" else 160 - known.search_epochs
        kJ = (known.search_epochs * known.dense_epoch_J + left * known.pruned_epoch_J) / 1e3
        assert kJ == pytest.approx(published.total(row["terms"]))


def test_every_row_is_one_of_a_table():
    with open(board.FILE, newline="") as file:
        names = {line["row"] for line in csv.DictReader(file)}
    assert names == set(ROWS.values())
