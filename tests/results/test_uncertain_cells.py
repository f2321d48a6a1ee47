"""Rows with their intervals, from runs on disk whose joules are known."""

import pytest

import results
from harness import rundir
from results.sheets import sheets
from results.uncertainty.cells import Reader
from results.uncertainty.pieces import joined
from tests.harness.recording import DENSE, SEARCH, SLIM, WORKS, step_samples, write_trace
from tests.harness.retold import retell
from tests.harness.timeline import MS, WATTS, attempt, killed, saved
from tests.results.conftest import write_study


def test_the_value_is_that_of_the_ledger(study):
    for row in study.runs.rows():
        measured = Reader(study.runs).row(row)
        assert measured.joules == pytest.approx(row.energy.headline_J, rel=1e-12)
        assert measured.net_joules == pytest.approx(row.energy.net_J, rel=1e-9)


def test_a_stitched_row_is_that_of_the_ledger_too(tmp_path):
    first = killed(attempt(WORKS[SEARCH]), 26)
    study = results.load(write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first))]}))
    for row in study.runs.rows():
        assert Reader(study.runs).row(row).joules == pytest.approx(row.energy.headline_J, rel=1e-12)


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


def test_work_that_went_on_through_its_gaps_is_in_the_interval(tmp_path):
    """Each gap is bridged at the power of the work: its bracket lies below, and two brackets do not push it out."""
    lines = attempt(WORKS[DENSE])
    second = next(line["t_ns"] for line in lines if line.get("epoch") == 1)
    holes = [(1, second + 300 * MS, second + 900 * MS)]
    cells = results.load(write_study(tmp_path, holes=holes), allow_gaps=True).cells
    sound = results.load(write_study(tmp_path / "sound")).cells
    assert (cells["coverage"] < 0.97).any()
    assert (cells["energy_low_J"] < sound["energy_J"]).all() and (sound["energy_J"] < cells["energy_high_J"]).all()
    assert (cells["energy_net_of_idle_J"] < cells["energy_net_high_J"]).all()


def test_a_meter_whose_accuracy_is_not_stated_is_left_out_of_the_interval(tmp_path):
    folder = write_study(tmp_path)
    for stage, work in WORKS.items():
        rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(stage, 1)
        samples = step_samples(attempt(work), 300 * MS, WATTS)
        write_trace(rep.trace("wall", 1), samples, "wall", 1, gain_error=None, offset_error_W=None)
    cells = results.load(folder).cells
    assert set(cells["interval_excludes"]) == {"meter accuracy"}
    assert (cells["energy_high_J"] - cells["energy_low_J"] < 0.001 * cells["energy_J"]).all()


def test_every_interval_of_kilojoules_in_the_tables_says_what_it_leaves_out(tmp_path):
    folder = write_study(tmp_path, meters=("wall", "other"))
    retell(tmp_path, {"accuracy": 0.5})
    for stage, work in WORKS.items():
        rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(stage, 1)
        for meter in ("wall", "other"):
            samples = step_samples(attempt(work), 300 * MS, WATTS)
            write_trace(rep.trace(meter, 1), samples, meter, 1, gain_error=None, offset_error_W=None)
    seen = set()
    for sheet in sheets(results.load(folder), target=0.4):
        for index, name in enumerate(sheet.header):
            if name.startswith("95 %") and "kJ" in sheet.header[index - 1]:
                told = [line[index] for line in sheet.lines if " to " in line[index]]
                assert told and all(cell.endswith("excl. meter accuracy") for cell in told), sheet.title
                seen.add(sheet.title.split(":")[0])
    assert len(seen) == 5, "methods, meters, phases, target, composed"


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


def unplugged(tmp_path):
    """The dense stage, whose meter said nothing more from a second before the work ended."""
    from tests.harness.recording import write_rep

    folder = write_study(tmp_path)
    lines = attempt(WORKS[DENSE])
    last = [line["t_ns"] for line in lines if line["event"] == "end" and line["phase"] == "train"][0]
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1)
    write_rep(rep, [lines], holes=[(1, last - 1000 * MS, 1 << 62)])
    return rep, results.load(folder)


def test_a_stage_that_ended_unmetered_says_why_and_what_to_do(tmp_path):
    rep, study = unplugged(tmp_path)
    cell = study.cells.set_index("method").loc["dense"]
    assert cell["energy_J"] != cell["energy_J"]
    assert " s before the work ended; was it unplugged or silent?" in cell["why_no_energy"]
    assert f"to measure it again, move {rep.folder} away and repeat the command of the run" in cell["why_no_energy"]
    assert any(f"move {rep.folder} away" in reason for reason in study.runs.rows()[0].energy.reasons), (
        "on the board too"
    )


def test_an_idle_that_was_not_recorded_costs_the_net_figure_alone(tmp_path):
    lines = attempt(WORKS[DENSE])
    folder = write_study(tmp_path, holes=[(1, 0, lines[1]["t_ns"] + 500 * MS)])
    cells = results.load(folder).cells
    assert cells["energy_J"].notna().all() and cells["energy_net_of_idle_J"].isna().all()


def drifting(tmp_path, monkeypatch):
    """Idle at 2 W before and, as a cooldown long enough tells, 2.5 W after."""
    from tests.harness import timeline

    monkeypatch.setitem(timeline.DURATION_MS, "cooldown", 2000)
    return results.load(write_study(tmp_path))


def test_idle_power_that_drifted_widens_the_net_interval(tmp_path, monkeypatch, study):
    still = study.cells.set_index("method").loc["dense"]
    cell = drifting(tmp_path, monkeypatch).cells.set_index("method").loc["dense"]
    assert (cell["idle_before_W"], cell["idle_after_W"]) == (pytest.approx(2.0), pytest.approx(2.5))
    assert cell["energy_net_of_idle_J"] == pytest.approx(still["energy_net_of_idle_J"], rel=1e-6)
    drift_J = 0.5 * cell["time_s"]
    assert cell["energy_net_low_J"] < cell["energy_net_of_idle_J"] - 0.9 * drift_J
    assert cell["energy_low_J"] == pytest.approx(still["energy_low_J"], rel=1e-6), "gross knows no idle"


def test_the_next_idle_on_the_board_is_the_idle_after(tmp_path):
    from results.uncertainty.idle import Idles
    from results.uncertainty.recordings import Recordings

    later = attempt(WORKS[DENSE], t_ns=10**12 + 60 * 10**9)
    study = results.load(write_study(tmp_path, {DENSE: [later]}))
    after = Idles(study.runs, Recordings()).after(study.runs.run(SEARCH, 1), 1, "wall")
    assert after.where == "next idle" and after.watts == pytest.approx(WATTS["idle"])


def test_phases_and_windows_carry_interval_peak_and_quality(study):
    for frame in (study.phases, study.windows, study.epochs):
        known = frame[frame["energy_J"].notna()]
        assert len(known) and (known["energy_low_J"] < known["energy_J"]).all()
        assert (known["peak_power_W"] >= known["mean_power_W"] - 1e-6).all() and (known["samples"] > 0).all()
        assert known[["coverage", "longest_gap_s", "rule_spread_J", "lag_J", "meter", "boundary"]].notna().all().all()


def test_rules_of_integration_are_compared(study):
    """Samples on both sides of each step, 50 ms apart: rectangles differ from trapezia by next to nothing."""
    cell = study.cells.set_index("method").loc["dense"]
    assert 0 <= cell["rule_spread_J"] < 1e-3 * cell["energy_J"]
