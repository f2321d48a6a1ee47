"""Our rows beside the published cells, on a study whose joules and FLOPs are known."""

import json

import pytest
from click.testing import CliRunner

import results
from harness import rundir
from harness.cli import cli
from results import composed, paper, tables
from results.uncertainty.budget import Interval
from tests.harness.recording import DENSE, EARLY, WORKS, cells, step_samples, write_trace
from tests.harness.retold import retell
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
    assert sheet.notes == ["no row of this study is on a model and data set of the paper's tables"]
    assert tables.text(sheet) == f"beside the published tables\n\n  {sheet.notes[0]}\n", "no header above nothing"


def test_improvements_name_what_they_are_against_metric_by_metric(tmp_path):
    found = {one.metric: one for one in paper.improvements(as_in_the_paper(tmp_path))}
    assert {one.against for one in found.values()} == {"LT (one-shot)"} and found["energy"].strongest
    assert found["energy"].value == pytest.approx(0.9632, abs=1e-4) and found["flops"].value == pytest.approx(12 / 8.4)
    assert found["energy"].low < found["energy"].value < found["energy"].high
    assert found["energy"].published is None, "FP32 is not what the paper's row compares for energy"
    assert (found["retrain_acc"].value, found["retrain_acc"].published) == (0.0, 0.01)


def test_the_papers_own_improvement_is_that_of_low_precision(tmp_path):
    study = as_in_the_paper(tmp_path, {"precision": "ll"})
    found = {one.metric: one for one in paper.improvements(study)}
    assert (found["energy"].published, found["flops"].published) == (8.6, 1.4)
    assert found["retrain_acc"].published is None
    text = "\n".join(map(tables.text, paper.sheets(study)))
    assert "EB Train (LL) p=50 %: kJ" in text and "against strongest baseline: LT (one-shot)" in text


def test_against_lt_too_where_another_baseline_is_stronger(tmp_path):
    folder = as_in_the_paper(tmp_path).folder
    content = json.loads((folder / "cells.json").read_text())
    dense, slim, _ = content["cells"]
    dense["method"], slim["method"] = "snip", "lottery"
    (folder / "cells.json").write_text(json.dumps(content))
    energy = [one for one in paper.improvements(results.load(folder)) if one.metric == "energy"]
    assert [(one.against, one.strongest) for one in energy] == [("SNIP", True), ("LT (one-shot)", False)]


def on_imagenet(tmp_path):
    """The usual study, said to be ResNet50 on ImageNet, with ThiNet in place of NS; dense trains better than pruned."""
    folder = as_in_the_paper(tmp_path, model="resnet50", dataset="imagenet").folder
    content = json.loads((folder / "cells.json").read_text())
    content["cells"][0].update(method="dense", ratio=None)
    content["cells"][1]["method"] = "thinet"
    (folder / "cells.json").write_text(json.dumps(content))
    retell(tmp_path, accuracy_top5_final=0.975, classes=1000)
    dense = rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1)
    retell(dense.folder, accuracy_final=0.93, accuracy_top5_final=0.99)
    return results.load(folder)


def test_top_5_stands_in_table_3_beside_top_1(tmp_path):
    found = by_metric(on_imagenet(tmp_path), "EB Train")
    assert set(found) == {"top1_acc", "top5_acc", "total_training_flops"} and {c.table for c in found.values()} == {"3"}
    assert (found["top1_acc"].ours, found["top1_acc"].published) == (90.0, 73.35)
    assert (found["top5_acc"].ours, found["top5_acc"].published) == (97.5, 91.36)


def test_a_run_from_before_top_5_was_kept_has_top_1_in_table_3(tmp_path):
    study = as_in_the_paper(tmp_path, model="resnet50", dataset="imagenet")
    assert set(by_metric(study, "EB Train")) == {"top1_acc", "total_training_flops"}


def test_table_3_compares_the_accuracies_of_each_row_with_the_unpruned_network(tmp_path):
    study = on_imagenet(tmp_path)
    found = {(one.method, one.against, one.metric): one for one in paper.improvements(study)}
    top1, top5 = (found["EB Train", "Unpruned", metric] for metric in ("top1_acc", "top5_acc"))
    assert (top1.value, top1.published, top1.mark) == (pytest.approx(-3.0), -2.24, "top1-75.59")
    assert (top5.value, top5.published, top5.mark) == (pytest.approx(-1.5), -1.62, "")
    assert found["ThiNet", "Unpruned", "top5_acc"].published == -2.96
    assert {against for method, against, _ in found if method == "ThiNet"} == {"Unpruned"}
    strongest = found["EB Train", "ThiNet", "total_training_flops"]
    assert strongest.strongest and strongest.published is None and strongest.value == 2.0
    text = "\n".join(map(tables.text, paper.sheets(study)))
    assert "ThiNet p=50 %: top-5 %" in text and "-1.50 points" in text and "-2.24 points [top1-75.59]" in text
    assert 'the columns "Acc. Improv." of Table 3' in text and "EB Train Improv." not in text


def full(tmp_path, **values):
    """What every manifest says of its training."""
    for path in rundir.Machine(tmp_path / "runs", "board-abc123").folder.glob("stages/*/rep-1/manifest.json"):
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps(dict(manifest, full=values)))


def test_another_protocol_is_no_verdict(tmp_path):
    study = as_in_the_paper(tmp_path)
    full(tmp_path, width=0.125, epochs=16, limit=None)
    found = by_metric(results.load(study.folder), "EB Train")
    assert found["flops"].verdict == found["retrain_acc"].verdict == "other protocol: width 0.125, 16 epochs"


@pytest.mark.parametrize(
    "schedule, where",
    [
        ({"lr": 0.1, "milestones": [80, 120]}, {("1", "[80_LR->0.01, 120_LR->0.001]"), ("4", "initial_lr=0.1")}),
        ({"lr": 0.01, "milestones": [100]}, {("1", "[0_LR->0.01, 100_LR->0.001]")}),
        ({"lr": 0.5, "milestones": [80, 120]}, {("4", "initial_lr=0.5")}),
        ({"lr": 0.3, "milestones": [80]}, set()),
    ],
)
def test_tickets_drawn_at_an_epoch_stand_in_tables_1_and_4(tmp_path, schedule, where):
    study = as_in_the_paper(tmp_path, {"rule": "epoch"})
    full(tmp_path, width=1.0, epochs=2, limit=None, **schedule)
    found = [cell for cell in paper.cells(results.load(study.folder)) if cell.draw]
    assert {(cell.table, cell.method) for cell in found} == where, "the search ended at its last epoch"
    assert {cell.draw for cell in found} <= {"final"} and {cell.ours for cell in found} <= {90.0}


def test_a_cell_that_stands_in_a_figure_only_says_so(tmp_path, monkeypatch):
    study = as_in_the_paper(tmp_path, {"rule": "epoch"})
    full(tmp_path, width=1.0, epochs=160, limit=None, lr=0.1, milestones=[80, 120])
    from harness.ledger import charges

    monkeypatch.setattr(charges, "epochs", lambda item, run: 10)
    study = results.load(study.folder)
    cells_ = [cell for cell in paper.cells(study) if cell.table == "1"]
    assert [(cell.draw, cell.published, cell.read_off) for cell in cells_] == [("10", 93.07, True)]
    text = "\n".join(map(tables.text, paper.sheets(study)))
    assert "drawn at 10" in text and "~93.07" in text and "~ was read off Figure 1" in text


def test_a_ticket_drawn_at_an_epoch_is_no_row_of_table_2(tmp_path):
    study = as_in_the_paper(tmp_path, {"rule": "epoch"})
    assert {cell.method for cell in paper.cells(study)} == {"LT (one-shot)", "NS"}


def test_energy_that_was_composed_stands_in_and_says_so(tmp_path, monkeypatch):
    study = as_in_the_paper(tmp_path)
    monkeypatch.setattr(composed, "composed", lambda study, row: Interval(2e5, 1.9e5, 2.2e5))
    rundir.Machine(tmp_path / "runs", "board-abc123").rep(EARLY, 1).trace("wall", 1).unlink()
    study = results.load(study.folder)
    cell = by_metric(study, "EB Train")["energy"]
    assert (cell.ours, cell.low, cell.high, cell.kind) == (200.0, 190.0, 220.0, "composed")
    assert cell.verdict == "within uncertainty"
    text = "\n".join(map(tables.text, paper.sheets(study)))
    assert "200.0 composed" in text and "composed: joules of a steady epoch x epochs" in text


def test_the_overhead_stands_beside_the_published_claims(tmp_path):
    sheet = paper.sheets(as_in_the_paper(tmp_path))[-1]
    assert sheet.lines[0][1:3] == ["0.016 %", "0.022 %"]
    assert sheet.lines[-1] == ["VGG16 as published", "<= 0.029 %", "<= 0.026 %", "", "<= 0.07 %", ""]


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
