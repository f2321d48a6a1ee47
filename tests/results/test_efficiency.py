"""What a joule bought, on a study whose joules, images and accuracies are known."""

import pandas as pd
import pytest
from click.testing import CliRunner

import results
from harness.cli import cli
from harness.errors import UserError
from results import efficiency, tables
from tests.harness.recording import DENSE, SEARCH, WORKS
from tests.harness.timeline import DURATION_MS, WATTS, attempt, killed, saved
from tests.results.conftest import write_study

ACCURACIES = (0.5, 0.7, 0.8, 0.9)
EPOCH_J = WATTS["epoch"] * DURATION_MS["epoch"] / 1000


def evaluated(work, number=1, done=0):
    """An attempt whose evaluations show ACCURACIES."""
    lines, epoch = attempt(work, number, done), None
    for line in lines:
        epoch = line.get("epoch", epoch)
        if line["event"] == "end" and line["phase"] == "evaluate":
            line["accuracy"] = ACCURACIES[epoch]
    return lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("target"), {stage: [evaluated(work)] for stage, work in WORKS.items()})


def frame(folder, target=None):
    return efficiency.frame(results.load(folder), target).set_index("cell")


def test_energy_per_image_and_per_flop(folder):
    cells = results.load(folder).cells.set_index("cell")
    line = frame(folder).loc["early_bird-vgg16-digits-0.5-seed1"]
    joules = cells.loc["early_bird-vgg16-digits-0.5-seed1", "energy_J"]
    assert line["images"] == 4 * 1000
    assert line["energy_per_image_J"] == pytest.approx(joules / 4000)
    assert line["energy_per_flop_J"] == pytest.approx(joules / 8.4e9)
    assert line["flops_mac2"] == 3 * 1000 * (2 * 990000 + 2 * 390000)


def test_energy_to_a_target_ends_with_the_first_evaluation_that_shows_it(folder):
    line = frame(folder, 0.7).loc["dense-vgg16-digits-seed1"]
    around = 2 * WATTS["train"] * DURATION_MS["around"] / 1000
    assert line["target_epoch"] == 1
    assert line["energy_to_target_J"] == pytest.approx(2 * EPOCH_J + around, rel=1e-3)
    assert line["energy_to_target_low_J"] < line["energy_to_target_J"] < line["energy_to_target_high_J"]


def test_what_came_before_the_last_stage_counts_in_full(folder):
    """The early bird's search reached 0.7, but with the dense network: its ticket shows 0.8 after an epoch more."""
    line = frame(folder, 0.7).loc["early_bird-vgg16-digits-0.5-seed1"]
    assert line["target_epoch"] == 2
    assert line["energy_to_target_J"] == pytest.approx(3 * EPOCH_J + 0.25 * WATTS["prune"], rel=0.02)


def test_a_target_that_was_never_reached_says_so_with_the_best(folder):
    line = frame(folder, 0.95).loc["dense-vgg16-digits-seed1"]
    assert pd.isna(line["energy_to_target_J"]) and line["why_no_target"] == "never reached; best 90.00 %"


def test_a_resumed_stage_counts_each_epoch_once(tmp_path, folder):
    first = killed(evaluated(WORKS[DENSE]), 26)
    stages = {DENSE: [first, evaluated(WORKS[DENSE], 2, saved(first))]}
    line = frame(write_study(tmp_path, stages), 0.9).loc["dense-vgg16-digits-seed1"]
    whole = frame(folder, 0.9).loc["dense-vgg16-digits-seed1"]
    assert line["energy_to_target_J"] == pytest.approx(whole["energy_to_target_J"], rel=5e-3)


def test_the_table_shows_it(folder):
    text = CliRunner().invoke(cli, ["table", str(folder), "--target-accuracy", "70"], catch_exceptions=False).output
    assert "kJ to 70.00 % (simulated)" in text and "pJ per FLOP (simulated)" in text and "FLOPs (0.05P)" in text
    json = CliRunner().invoke(cli, ["table", str(folder), "--target-accuracy", "70", "--json"]).output
    assert '"energy_to_target_J":27' in json.replace(" ", "")


@pytest.mark.parametrize("percent", ["0.7", "0", "101", "-5"])
def test_a_target_is_a_percentage(folder, percent):
    with pytest.raises(UserError, match="is no percentage: give one above 1 and at most 100"):
        CliRunner().invoke(cli, ["table", str(folder), "--target-accuracy", percent], catch_exceptions=False)


def test_unfinished_stages_leave_it_open(tmp_path):
    study = results.load(write_study(tmp_path, {SEARCH: [killed(evaluated(WORKS[SEARCH]), 20)]}))
    line = efficiency.frame(study).set_index("cell").loc["early_bird-vgg16-digits-0.5-seed1"]
    assert pd.isna(line["images"]) and pd.isna(line["energy_per_image_J"]) and pd.isna(line["flops_mac2"])


def test_parquet_needs_a_file_and_holds_the_same_figures(folder, tmp_path):
    with pytest.raises(UserError, match="--out table.parquet"):
        CliRunner().invoke(cli, ["table", str(folder), "--format", "parquet"], catch_exceptions=False)
    path = tmp_path / "table.parquet"
    CliRunner().invoke(cli, ["table", str(folder), "--format", "parquet", "--out", str(path)], catch_exceptions=False)
    read, now = pd.read_parquet(path), tables.main(results.load(folder))
    assert list(read["energy_J"].dropna()) == list(now["energy_J"].dropna()) and set(read["table_schema"]) == {1}


def test_text_can_be_written_into_a_file_too(folder, tmp_path):
    path = tmp_path / "table.tex"
    done = CliRunner().invoke(cli, ["table", str(folder), "--format", "latex", "--out", str(path)])
    assert done.output.strip() == str(path) and r"\toprule" in path.read_text()


def test_the_digest_stands_under_each_table(folder):
    from results import provenance, sheets

    study = results.load(folder)
    digest = provenance.digest(study.runs)
    assert all(digest in sheet.notes[-1] for sheet in sheets.sheets(study))
