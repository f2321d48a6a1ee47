"""Rows with their intervals, from runs on disk whose joules are known."""

import pytest

import results
from results.uncertainty.cells import Recordings, energy, joined
from tests.harness.recording import DENSE, SEARCH, SLIM, WORKS
from tests.harness.timeline import MS, WATTS, attempt, killed, saved
from tests.results.conftest import write_study


def test_the_value_is_that_of_the_ledger(study):
    for row in study.runs.rows():
        measured = energy(study.runs, row, Recordings())
        assert measured.joules == pytest.approx(row.energy.headline_J, rel=1e-12)
        assert measured.net_joules == pytest.approx(row.energy.net_J, rel=1e-9)


def test_a_stitched_row_is_that_of_the_ledger_too(tmp_path):
    first = killed(attempt(WORKS[SEARCH]), 26)
    study = results.load(write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first))]}))
    for row in study.runs.rows():
        assert energy(study.runs, row, Recordings()).joules == pytest.approx(row.energy.headline_J, rel=1e-12)


def test_the_interval_is_that_of_the_declared_accuracy(study):
    """1 % of reading and 5 mW, both rectangular; the rest is negligible."""
    cell = study.cells.set_index("method").loc["dense"]
    gain, offset = 0.01 * cell["energy_J"], 0.005 * cell["time_s"]
    half = (cell["energy_high_J"] - cell["energy_low_J"]) / 2
    assert half == pytest.approx(0.95 * gain, rel=0.01)
    budget = study.budgets.set_index(["cell", "cause"])["expanded_J"]
    assert budget[cell["cell"], "gain"] == pytest.approx(0.95 * gain)
    assert budget[cell["cell"], "offset"] == pytest.approx(0.95 * offset)


def test_gain_partly_cancels_net_of_idle(study):
    cell = study.cells.set_index("method").loc["dense"]
    half = (cell["energy_net_high_J"] - cell["energy_net_low_J"]) / 2
    assert half == pytest.approx(0.95 * 0.01 * cell["energy_net_of_idle_J"], rel=0.01)


def test_evidence_stands_beside_the_figure(study):
    cell = study.cells.set_index("method").loc["early_bird"]
    assert cell["coverage"] == 1.0 and cell["longest_gap_s"] == 0.0
    assert cell["peak_power_W"] == pytest.approx(max(WATTS["epoch"], WATTS["prune"]))
    assert cell["samples"] == pytest.approx(cell["time_s"] / 0.05, rel=0.2)
    assert cell["rule_spread_J"] == pytest.approx(0.0, abs=1e-6)


def gapped(tmp_path, length_ms, **options):
    """A gap in the first epoch of the fine-tuning, where power is constant."""
    lines = attempt(WORKS[SLIM])
    begin = next(line["t_ns"] for line in lines if line.get("epoch") == 0)
    folder = write_study(tmp_path)
    from harness import rundir
    from tests.harness.recording import step_samples, write_trace

    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(SLIM, 1)
    hole = [(begin + 200 * MS, begin + (200 + length_ms) * MS)]
    write_trace(rep.trace("wall", 1), step_samples(lines, 300 * MS, WATTS, hole), "wall", 1)
    return results.load(folder, **options).cells.set_index("method").loc["slimming"]


def test_a_small_gap_is_bridged_and_bracketed(tmp_path, study):
    whole = study.cells.set_index("method").loc["slimming"]
    cell = gapped(tmp_path, 300)
    assert cell["energy_J"] == pytest.approx(whole["energy_J"], rel=1e-4)
    assert cell["coverage"] == pytest.approx(1 - 0.3 / cell["time_s"], abs=0.02)
    down, up = cell["energy_J"] - cell["energy_low_J"], cell["energy_high_J"] - cell["energy_J"]
    lost = (WATTS["epoch"] - WATTS["idle"]) * cell["longest_gap_s"]
    assert down > 0.9 * lost > up, "the load may have been idle in it, but not above its highest"


def test_much_missing_gives_no_figure_unless_asked_for(tmp_path):
    cell = gapped(tmp_path / "a", 900)
    assert cell["energy_J"] is None or cell["energy_J"] != cell["energy_J"]
    assert "less than 95 %" in cell["why_no_energy"]
    assert gapped(tmp_path / "b", 900, allow_gaps=True)["energy_J"] > 0


def test_a_meter_whose_accuracy_is_not_stated_is_left_out_of_the_interval(tmp_path):
    from harness import rundir
    from tests.harness.recording import step_samples, write_trace

    folder = write_study(tmp_path)
    for stage, work in WORKS.items():
        rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(stage, 1)
        samples = step_samples(attempt(work), 300 * MS, WATTS)
        write_trace(rep.trace("wall", 1), samples, "wall", 1, gain_error=None, offset_error_W=None)
    cells = results.load(folder).cells
    assert set(cells["interval_excludes"]) == {"meter accuracy"}
    assert (cells["energy_high_J"] - cells["energy_low_J"] < 0.001 * cells["energy_J"]).all()


def test_a_stage_without_a_result_has_no_figure(tmp_path):
    study = results.load(write_study(tmp_path, {DENSE: [killed(attempt(WORKS[DENSE]), 20)]}))
    cell = study.cells.set_index("method").loc["dense"]
    assert cell["energy_J"] != cell["energy_J"] and "is not finished" in cell["why_no_energy"]


def test_stretches_that_touch_are_one():
    assert joined([(5, 7), (0, 2), (2, 5), (8, 9), (8, 10)]) == [(0, 7), (8, 10)]


def test_rows_that_share_a_stage_cancel_what_they_share(study):
    """Early bird and slimming were measured by the same meter: its gain is not in their ratio."""
    from results.uncertainty.budget import ratio

    found = {row.cell["method"]: study.energies[row.cell["id"], 1, "wall"] for row in study.runs.rows()}
    early, slim = found["early_bird"], found["slimming"]
    quotient = ratio((early.joules, early.budget), (slim.joules, slim.budget))
    assert quotient.expanded < 0.001 * quotient.value
