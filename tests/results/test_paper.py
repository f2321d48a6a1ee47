"""Our rows beside the published cells, on a study whose joules and FLOPs are known."""

import json

import pytest
from click.testing import CliRunner

import results
from harness import rundir
from harness.cli import cli
from results import composed, paper
from tests.harness.recording import DENSE, WORKS, cells, step_samples, write_trace
from tests.harness.timeline import DURATION_MS, MS, WATTS, attempt
from tests.results.conftest import write_study


def as_in_the_paper(tmp_path, options=None, board="NVIDIA Jetson TX2", simulated=False, **changes):
    """The usual study, said to be VGG16 on CIFAR-10 on a TX2."""
    folder = write_study(tmp_path)
    content = cells()
    for cell in content["cells"]:
        cell.update({"model": "vgg16", "dataset": "cifar10"}, **changes)
        if cell["method"] == "early_bird":
            cell["options"] = options or {}
        if cell["method"] == "dense":
            cell.update(method="lottery", ratio=0.5)
    (folder / "cells.json").write_text(json.dumps(content))
    for path in rundir.Machine(tmp_path / "runs", "board-abc123").folder.glob("stages/*/rep-1/manifest.json"):
        manifest = json.loads(path.read_text())
        manifest["machine"]["board"] = board
        manifest["meters"][0]["simulated"] = simulated
        path.write_text(json.dumps(manifest))
    return results.load(folder)


def by_metric(study, method):
    return {cell.metric: cell for cell in paper.cells(study) if cell.method == method}


def test_each_figure_finds_its_published_cell(tmp_path):
    study = as_in_the_paper(tmp_path)
    cell = by_metric(study, "EB Train")
    assert (cell["energy"].published, cell["flops"].published, cell["retrain_acc"].published) == (213.4, 215, 93.26)
    ours = study.cells.set_index("method").loc["early_bird"]
    assert cell["energy"].ours == pytest.approx(ours["energy_J"] / 1000)
    assert cell["flops"].ours == pytest.approx(8.4e9 / 5e13)
    assert cell["retrain_acc"].ours == 90.0
    assert set(by_metric(study, "NS")) == set(by_metric(study, "LT (one-shot)")) == {"retrain_acc", "energy", "flops"}


@pytest.mark.parametrize(
    "options, title",
    [
        ({}, "EB Train"),
        ({"inherit": False}, "EB Train (re-init)"),
        ({"precision": "lf"}, "EB Train (LF)"),
        ({"precision": "ll"}, "EB Train (LL)"),
        ({"precision": "bf16"}, None),
    ],
)
def test_options_decide_which_row_of_the_paper_it_is(tmp_path, options, title):
    study = as_in_the_paper(tmp_path, options)
    titles = {cell.method for cell in paper.cells(study) if cell.method.startswith("EB")}
    assert titles == ({title} if title else set())


def test_a_verdict_on_energy_takes_the_board_of_the_paper(tmp_path):
    assert by_metric(as_in_the_paper(tmp_path / "a"), "EB Train")["energy"].verdict == "outside uncertainty"
    other = as_in_the_paper(tmp_path / "b", board="Jetson Nano")
    assert by_metric(other, "EB Train")["energy"].verdict == "other board"
    assert by_metric(as_in_the_paper(tmp_path / "c", simulated=True), "EB Train")["energy"].verdict == "simulated"


def test_energy_within_its_interval_is_within(tmp_path):
    """Epochs at a power that makes the row just what the paper printed."""
    study = as_in_the_paper(tmp_path)
    factor = 213400 / study.cells.set_index("method").loc["early_bird"]["energy_J"]
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    for stage, work in WORKS.items():
        power = {phase: factor * watts for phase, watts in WATTS.items()}
        samples = step_samples(attempt(work), 300 * MS, power)
        write_trace(machine.rep(stage, 1).trace("wall", 1), samples, "wall", 1)
    assert by_metric(results.load(study.folder), "EB Train")["energy"].verdict == "within uncertainty"


def test_flops_and_single_runs_have_their_own_words(tmp_path):
    cell = by_metric(as_in_the_paper(tmp_path), "EB Train")
    assert cell["flops"].verdict == "outside 1 %"
    assert cell["retrain_acc"].verdict == "one run, no interval"


def test_a_study_of_something_else_has_no_such_cells(study):
    (sheet,) = paper.sheets(study)
    assert sheet.notes == ["no row of this study is on a model and data set of the paper's tables 2 and 3"]


def test_improvements_name_what_they_are_against(tmp_path):
    *_, sheet = paper.sheets(as_in_the_paper(tmp_path))
    assert [line[1] for line in sheet.lines] == ["strongest baseline: dense"], "which is LT here"
    assert sheet.lines[0][2] == "0.96x" and sheet.lines[0][4] == "1.43x"


def test_cells_that_contradict_the_paper_carry_their_footnote(tmp_path):
    folder = as_in_the_paper(tmp_path).folder
    content = json.loads((folder / "cells.json").read_text())
    content["cells"][2]["ratio"] = 0.7
    (folder / "cells.json").write_text(json.dumps(content))
    text = CliRunner().invoke(cli, ["table", str(folder), "--paper"], catch_exceptions=False).output
    assert "197 [above-reinit]" in text and "[above-reinit] 197 exceeds" in text


def test_an_emulated_search_counts_at_the_decoded_factor(tmp_path):
    study = as_in_the_paper(tmp_path, {"precision": "lf"})
    path = rundir.Machine(tmp_path / "runs", "board-abc123").rep("5ea5c4" * 2, 1).manifest
    manifest = json.loads(path.read_text())
    manifest["full"] = {"precision": "block8"}
    path.write_text(json.dumps(manifest))
    cell = by_metric(results.load(study.folder), "EB Train (LF)")
    assert cell["flops"].ours == pytest.approx(3 * 1000 * (0.18 * 2 * 1e6 + 2 * 4e5) / 5e13)
    assert cell["energy"].verdict == "emulated"


def test_composed_energy_is_joules_per_epoch_times_epochs(study):
    frame = composed.frame(study).set_index("cell")
    epoch_J = WATTS["epoch"] * DURATION_MS["epoch"] / 1000
    dense = frame.loc["dense-vgg16-digits-seed1"]
    assert dense["composed_J"] == pytest.approx(4 * epoch_J)
    assert dense["composed_over_metered"] == pytest.approx(4 * epoch_J / dense["metered_J"])
    assert frame.loc["slimming-vgg16-digits-0.5-seed1", "composed_J"] == pytest.approx(8 * epoch_J)


def test_composing_takes_at_least_two_steady_epochs(study):
    """The early bird retrains for two epochs, of which one is steady."""
    assert "early_bird-vgg16-digits-0.5-seed1" not in set(composed.frame(study)["cell"])


def test_epochs_that_scatter_widen_the_composed_interval(tmp_path):
    folder = write_study(tmp_path)
    lines = attempt(WORKS[DENSE])
    begin = next(line["t_ns"] for line in lines if line.get("epoch") == 2)
    samples = [(t, watts * (1.1 if t > begin else 1.0)) for t, watts in step_samples(lines, 300 * MS, WATTS)]
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1)
    write_trace(rep.trace("wall", 1), samples, "wall", 1)
    row = composed.frame(results.load(folder)).set_index("cell").loc["dense-vgg16-digits-seed1"]
    assert row["composed_low_J"] < row["metered_J"] < row["composed_high_J"]


def test_low_precision_is_an_estimate_with_its_factor(tmp_path):
    from tests.harness.recording import EARLY

    longer = WORKS[EARLY]._replace(stop=6)
    study = results.load(write_study(tmp_path, {EARLY: [attempt(longer)]}))
    row = composed.frame(study).set_index("cell").loc["early_bird-vgg16-digits-0.5-seed1"]
    epoch_J = WATTS["epoch"] * DURATION_MS["epoch"] / 1000
    assert row["low_precision_factor"] == 0.18
    assert row["estimated_lf_J"] == pytest.approx((0.18 * 2 + 4) * epoch_J)
    assert row["estimated_ll_J"] == pytest.approx(0.18 * 6 * epoch_J)
    from results.sheets import sheets

    sheet = next(sheet for sheet in sheets(study) if sheet.title.startswith("composed"))
    assert "all 8-bit kJ (estimated)" in sheet.header and any("0.18" in note for note in sheet.notes)
