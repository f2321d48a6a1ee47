import json
import math

import numpy as np
import pytest

import results
from harness import rundir
from harness.ledger.savings import savings as board_savings
from results.methods import Saving, compare, methods, savings, sentence
from results.sheets import sheets
from results.statistics import deviation, mean_interval, ratio_interval, t95
from results.uncertainty.budget import Budget, Interval
from tests.harness import timeline
from tests.harness.recording import DENSE, WORKS, cells, step_samples, write_rep, write_trace
from tests.harness.timeline import MS, WATTS, attempt
from tests.results.conftest import write_study


def repeated(tmp_path, factors):
    """A study with one repetition for each factor, whose epochs draw that many times the usual power."""
    folder = write_study(tmp_path)
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    for number, factor in enumerate(factors, 1):
        for stage, work in WORKS.items():
            rep = machine.rep(stage, number)
            if number > 1:
                write_rep(rep, [attempt(work)])
            power = dict(WATTS, epoch=factor * WATTS["epoch"])
            write_trace(rep.trace("wall", 1), step_samples(attempt(work), 300 * MS, power), "wall", 1)
    (folder / "cells.json").write_text(json.dumps(dict(cells(), repetitions=len(factors))))
    return results.load(folder)


def of(study):
    return {method.method: method for method in methods(study.runs.rows(), study.energies)}


def test_student_t():
    assert [t95(1), t95(4), t95(30)] == [12.706, 2.776, 2.042]
    assert t95(100) == pytest.approx(1.984, abs=1e-3) and t95(10**6) == pytest.approx(1.960, abs=1e-3)


def test_repetitions_give_a_t_interval_joined_with_the_measurement():
    measured = [Interval(v, v - 0.3, v + 0.3) for v in (10.0, 11.0, 12.0)]
    joined = mean_interval(measured)
    assert joined.value == 11.0 and deviation([10.0, 11.0, 12.0]) == 1.0
    assert joined.high - 11.0 == pytest.approx(math.hypot(0.3, 4.303 / math.sqrt(3)))
    assert mean_interval(measured[:1]) == measured[0], "one measurement has no scatter"


def test_the_t_interval_covers():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(1000):
        values = rng.normal(100, 2, 4)
        interval = mean_interval([Interval(v, v, v) for v in values])
        inside += interval.low <= 100 <= interval.high
    assert 0.93 <= inside / 1000 <= 0.97


def test_a_method_is_the_mean_of_its_repetitions(tmp_path):
    study = repeated(tmp_path, [1.0, 1.1, 0.9])
    dense = of(study)["dense"]
    each = [row.energy.headline_J for row in dense.rows]
    assert dense.energy.value == pytest.approx(sum(each) / 3)
    assert dense.energy.low < min(each) and dense.energy.high > max(each)


def test_ratios_are_taken_in_pairs_of_one_repetition(tmp_path):
    """Power that differs between repetitions differs for both methods alike: the ratio hardly moves."""
    saving = next(s for s in savings(list(of(repeated(tmp_path, [1.0, 1.2, 0.8])).values())) if s.pairs == 3)
    assert saving.saved.expanded < 0.02
    assert saving.distinguishable


def test_the_saving_is_that_of_the_energies_beside_it_and_of_the_board(tmp_path):
    """A mean of ratios would be another number: where dense runs scatter, 32 % instead of 9 %."""
    study = repeated(tmp_path, [1.0, 1.0, 1.0])
    for number, factor in enumerate([1.0, 4.0, 1.0], 1):
        power = dict(WATTS, epoch=factor * WATTS["epoch"])
        samples = step_samples(attempt(WORKS[DENSE]), 300 * MS, power)
        write_trace(study.runs.folder.machine.rep(DENSE, number).trace("wall", 1), samples, "wall", 1)
    study = results.load(study.folder)
    found = of(study)
    saving = compare(found["early_bird"], found["dense"])
    assert saving.saved.value == pytest.approx(1 - found["early_bird"].energy.value / found["dense"].energy.value)
    board = [one.energy for one in board_savings(study.runs.rows()) if one.baseline.method == "dense"]
    assert [saving.saved.value] == pytest.approx(board)
    assert not saving.distinguishable, "the scatter of dense counts"


def test_the_interval_of_a_ratio_of_pairs_covers():
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(1000):
        common = rng.normal(1, 0.1, 5)
        pairs = [
            ((80 * c * rng.normal(1, 0.03), Budget({})), (100 * c * rng.normal(1, 0.03), Budget({}))) for c in common
        ]
        interval = ratio_interval(pairs)
        inside += interval.low <= 0.8 <= interval.high
    assert 0.93 <= inside / 1000 <= 0.97


def test_a_difference_inside_its_interval_is_said_to_be_none(study):
    found = of(study)
    same = compare(found["dense"], found["dense"])
    assert same.saved.value == 0 and not same.distinguishable
    assert "not distinguishable: the 95 % interval holds 0" in sentence(same)


def test_a_saving_is_told_with_its_interval(study):
    saving = compare(of(study)["early_bird"], of(study)["slimming"])
    assert isinstance(saving, Saving)
    text = sentence(saving)
    assert "needs 49.0 % less simulated energy than slimming at ratio 0.5 (95 % interval 4" in text
    assert "0.05631 instead of 0.1103 kJ" in text


def test_a_method_with_a_row_that_has_no_figure_has_none(tmp_path):
    study = repeated(tmp_path, [1.0, 1.0])
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    for stage in WORKS:
        machine.rep(stage, 2).trace("wall", 1).unlink()
    found = of(results.load(study.folder))
    assert found["dense"].energy is None
    assert savings(list(found.values())) == []


def test_the_table_shows_interval_spread_and_evidence(tmp_path):
    main, phases, overhead, *_ = sheets(repeated(tmp_path, [1.0, 1.1, 0.9]))
    line = dict(zip(main.header, main.lines[0], strict=True))
    assert line["runs"] == "3" and " to " in line["95 % interval"] and " to " in line["lowest to highest"]
    assert any(header.startswith("simulated kJ") for header in main.header)
    assert phases.title == "energy by phase" and overhead.title.startswith("finding the ticket")


def test_phases_of_windows_too_short_for_a_figure_have_none(study):
    _, phases, *_ = sheets(study)
    rows = {(line[0], line[1]): line for line in phases.lines}
    detect = rows["early_bird 0.5", "detect"]
    assert detect[2] == "–" and detect[-1] == "shorter than 30 native periods"
    assert rows["early_bird 0.5", "evaluate"][-1] == "not in the headline; shorter than 30 native periods"
    assert rows["dense", "train"][2] == "0.05424"


def test_a_phase_that_one_run_has_no_figure_of_says_why(tmp_path):
    study = repeated(tmp_path, [1.0, 1.0])
    study.runs.folder.machine.rep(DENSE, 2).trace("wall", 1).unlink()
    _, phases, *_ = sheets(results.load(study.folder))
    line = next(line for line in phases.lines if line[:2] == ["dense", "train"])
    assert line[2] == "–" and "meter wall left no trace of attempt 1" in line[-1]


def test_many_short_windows_are_not_called_a_short_phase(tmp_path, monkeypatch):
    """Beside a time of 3.2 s, "shorter than 30 periods" of 50 ms would read as a mistake."""
    monkeypatch.setitem(timeline.DURATION_MS, "evaluate", 800)
    _, phases, *_ = sheets(results.load(write_study(tmp_path)))
    line = next(line for line in phases.lines if line[:2] == ["dense", "evaluate"])
    assert line[5] == "3.20 s" and line[-1] == "not in the headline; its windows are shorter than 30 native periods"


def test_windows_carry_intervals_unless_they_are_too_short(study):
    windows = study.windows
    long = windows[windows["phase"].isin(["stage", "idle", "search", "train"]) & (windows["time_s"] > 1.5)]
    assert (long["energy_low_J"] < long["energy_J"]).all() and (long["energy_J"] < long["energy_high_J"]).all()
    short = windows[windows["phase"] == "detect"]
    assert short["energy_J"].isna().all() and short["own_energy_J"].notna().all()
    assert set(short["why_no_energy"]) == {"shorter than 30 native periods"}
