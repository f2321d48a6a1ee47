import json

import pandas as pd
import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.errors import UserError
from results import published
from results.published import layout


def run(*arguments):
    return CliRunner().invoke(cli, ["table", "published", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("number, cells", [("1", 32), ("2", 324), ("3", 61), ("4", 32)])
def test_every_printed_cell_is_there(number, cells):
    assert len(published.table(number)) == cells


def test_an_unknown_table_is_named():
    with pytest.raises(UserError, match="there are: 1, 2, 3, 4"):
        published.table("5")


def test_flops_and_energies_come_out_of_epochs_again():
    frame = published.recompute()
    assert len(frame) == 96 + 96 + 13
    known = frame[frame["recomputed"].notna()]
    flops = known[(known["table"] == "2") & (known["quantity"] == "flops")]
    energy = known[known["quantity"] == "energy"]
    assert (flops["deviation_pct"].abs() <= 0.6).sum() == 95
    assert len(energy) == 72 and (energy["deviation_pct"].abs() <= 0.3).sum() == 71
    third = known[known["table"] == "3"]
    assert (third["recomputed"] - third["printed"]).abs().max() <= 0.01


def test_cells_that_deviate_are_the_marked_ones():
    frame = published.recompute()
    off = frame[frame["deviation_pct"].abs() > 0.6]
    assert set(off["mark"]) == {"above-reinit", "below-lf"}


def test_what_has_no_known_accounting_is_left_open():
    frame = published.recompute()
    missing = frame[frame["recomputed"].isna()]
    assert set(missing["method"]) == {"NS", "ThiNet"} and set(missing["quantity"]) == {"energy"}
    assert set(missing["provenance"]) == {"no recipe"}


def test_energies_and_fitted_flops_are_never_called_counted():
    frame = published.recompute()
    counted = frame[frame["provenance"] == "counted"]
    assert set(counted["quantity"]) == {"flops"}
    assert set(counted["method"]) == {"LT (one-shot)", "SNIP", "ThiNet", "Unpruned"}


def test_counted_flops_come_from_our_own_counter():
    """Forward FLOPs of each counted recipe, to 0.01 G; the ThiNet rows keep 1 - p of each VGG16 convolution."""
    pytest.importorskip("torch")
    from workloads.flops import forward_flops
    from workloads.models import build

    def giga(model, classes, shape, **options):
        return round(forward_flops(build(model, classes, **options), shape) / 1e9, 2)

    small, large = (3, 32, 32), (3, 224, 224)
    assert giga("vgg16", 10, small) == 0.63 and giga("preresnet101", 10, small) == 0.31
    assert giga("resnet18", 1000, large) == 3.64 and giga("resnet50", 1000, large) == 8.21
    dense = build("vgg16", 10).widths
    recipes = pd.read_csv(published.FOLDER / "recipes.csv")
    thinet = recipes[(recipes["method"] == "ThiNet") & (recipes["provenance"] == "counted")]
    for row in thinet.itertuples():
        kept = [round(width * (100 - row.ratio_pct) / 100) for width in dense]
        assert row.terms == f"160*0.63+160*{giga('vgg16', 10, small, widths=kept):g}"


@pytest.mark.parametrize(
    "method, options, model, published_total",
    [
        ("lottery", {}, "vgg16", 604.8),
        ("snip", {}, "vgg16", 302.4),
        ("dense", {}, "vgg16", 302.4),
        ("lottery", {}, "preresnet101", 297.6),
        ("snip", {}, "preresnet101", 148.8),
        ("thinet", {"ratio": 0.3}, "vgg16", 451.2),
        ("thinet", {"ratio": 0.5}, "vgg16", 379.2),
        ("thinet", {"ratio": 0.7}, "vgg16", 331.2),
    ],
)
def test_table_2_totals_of_fixed_networks_come_from_recipes_and_counter_alone(method, options, model, published_total):
    """3 x the sum of epochs x forward GFLOPs, rounded to 0.01 as published, in units of 50,000 images x 1e9."""
    assert total_of(method, options, model, "cifar10", (3, 32, 32), 10) == pytest.approx(published_total)


@pytest.mark.parametrize("model, petaflops", [("resnet18", 1259.13), ("resnet50", 2839.96)])
def test_table_3_totals_of_dense_networks_too(model, petaflops):
    each = total_of("dense", {}, model, "imagenet", (3, 224, 224), 1000, epochs=90, milestones=(30, 60))
    assert round(each * published.IMAGENET_IMAGES * 1e9 / 1e15, 2) == petaflops


def total_of(method, options, model, dataset, shape, classes, **schedule):
    pytest.importorskip("torch")
    from workloads import methods
    from workloads.flops import forward_flops
    from workloads.job import Job
    from workloads.models import build

    total = 0.0
    for charge in methods.find(method).recipe(Job(model, dataset, **schedule), **options):
        training = charge.training
        assert charge.until is None or charge.until.rule == "end", "a draw that is not known beforehand"
        dense = build(model, classes)
        cut = training.source is not None and method == "thinet"
        widths = [round(width * (1 - options["ratio"])) for width in dense.widths] if cut else None
        giga = round(forward_flops(build(model, classes, widths=widths), shape) / 1e9, 2)
        total += 3 * (training.epochs - training.start) * giga
    return total


def test_networks_that_only_a_search_gives_are_decoded_pairs_of_epochs_and_flops():
    frame = published.recompute()
    known = frame[(frame["quantity"] == "flops") & frame["recomputed"].notna()]
    searched = known[known["method"].str.startswith("EB Train") | known["method"].isin(["NS", "SFP"])]
    assert set(searched["provenance"]) == {"decoded"} and len(searched) > 60
    fixed = known[known["method"].isin(["LT (one-shot)", "SNIP", "Unpruned"])]
    thinet = known[(known["method"] == "ThiNet") & (known["model"] == "VGG16") & (known["dataset"] == "CIFAR-10")]
    assert set(fixed["provenance"]) | set(thinet["provenance"]) == {"counted"}


def test_every_mark_has_its_footnote():
    marks = set(layout.cells()["mark"].dropna())
    assert marks and marks <= set(published.footnotes())


def test_sums_of_products():
    assert published.total("23*0.63+137*0.51") == pytest.approx(84.36)
    assert published.total("0.18*28*19.75625") == pytest.approx(99.5715)


def test_the_command_prints_the_tables_with_their_footnotes():
    text = run().output
    assert "EB Train (LL)" in text and "298 [below-baselines]" in text and "[below-baselines] 298.0 kJ is below" in text
    assert "~70.7" in text and "Figure 1" in text


def test_the_command_recomputes_and_prints_deviations():
    text = run("--recompute").output
    assert "95 of 96 FLOPs cells agree within 0.6 %; off are VGG16 CIFAR-10 EB Train 70 % by -12.3 %" in text
    assert "decoded" in text and "counted" in text
    rows = json.loads(run("--recompute", "--json").output)["rows"]
    assert len(rows) == 205


@pytest.mark.parametrize("kind, sign", [("csv", "model,dataset"), ("latex", r"\bottomrule"), ("markdown", "| --- |")])
def test_published_tables_in_each_format(kind, sign):
    assert sign in run("--format", kind).output


def test_recompute_needs_the_published_tables(study_dir):
    with pytest.raises(UserError, match="harness table published --recompute"):
        CliRunner().invoke(cli, ["table", str(study_dir), "--recompute"], catch_exceptions=False)
