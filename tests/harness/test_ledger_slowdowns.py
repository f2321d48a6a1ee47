"""A window in which a clock dropped, a limit fell or a throttle counter rose is flagged, and nothing else is."""

import json

import numpy as np
import pytest

from harness import rundir
from harness.ledger import StageRun, State, StudyRuns
from harness.ledger.slowdowns import slowdowns
from harness.ledger.temperatures import while_working
from harness.summary import marks
from tests.harness.recording import DENSE, SEARCH, WORKS, write_rep
from tests.harness.timeline import attempt
from tests.results.conftest import write_study

GHz = 1e9
SECOND = 10**9


def state(gauges, **columns):
    arrays = {name: np.array(values, dtype=float) for name, values in columns.items()}
    count = len(next(iter(arrays.values())))
    return State(1, np.arange(count) * SECOND, arrays, gauges)


def clock(**gauge):
    return {"cpu0_Hz": dict({"kind": "clock"}, **gauge), "cpu0_busy": {}}


def test_a_clock_that_drops_under_load_is_told_with_both_values():
    busy = [0.2, 1, 1, 1, 1, 0.1]
    found = slowdowns(
        state(clock(expected=2 * GHz, busy="cpu0_busy"), cpu0_Hz=[0.3e9, 2e9, 1.2e9, 1.1e9, 2e9, 0.3e9], cpu0_busy=busy)
    )
    assert [(s.what, s.before, s.after) for s in found] == [("clock of cpu0", "2000 MHz", "1100 MHz")]
    assert (found[0].start_ns, found[0].stop_ns) == (1 * SECOND, 4 * SECOND)


def test_a_clock_that_floats_with_the_load_and_one_that_nobody_knows_are_not_told():
    idle = [0.0] * 4
    assert not slowdowns(state(clock(expected=2 * GHz, busy="cpu0_busy"), cpu0_Hz=[0.3e9] * 4, cpu0_busy=idle))
    assert not slowdowns(state(clock(), cpu0_Hz=[4e9, 1e9, 1e9, 1e9], cpu0_busy=[1] * 4))


def test_one_sample_alone_may_have_caught_a_clock_while_it_changed():
    assert not slowdowns(state(clock(expected=2 * GHz), cpu0_Hz=[2e9, 1e9, 2e9, 2e9], cpu0_busy=[1] * 4))


def test_what_could_not_be_read_is_no_slowdown():
    nan = float("nan")
    assert not slowdowns(state(clock(expected=2 * GHz), cpu0_Hz=[nan] * 4, cpu0_busy=[1] * 4))


@pytest.mark.parametrize(
    "name, kind, values, told",
    [
        ("cpu0_limit_Hz", "limit", [2e9, 2e9, 1.4e9, 2e9], "limit of the clock of cpu0 went from 2000 MHz to 1400 MHz"),
        ("oc3_events", "counter", [37, 37, 41, 41], "counter oc3 went from 37 to 41"),
        ("thermal-cpufreq-0_level", "cooling", [0, 0, 3, 0], "level of cooling by thermal-cpufreq-0 went from 0 to 3"),
    ],
)
def test_limits_counters_and_cooling(name, kind, values, told):
    [found] = slowdowns(state({name: {"kind": kind}}, **{name: values}))
    assert f"{found.what} went from {found.before} to {found.after}" == told
    assert found.start_ns == SECOND
    assert not slowdowns(state({name: {"kind": kind}}, **{name: [values[0]] * 4}))


def test_a_powerclamp_that_is_off_says_minus_one():
    name = "intel_powerclamp-1_level"
    assert not slowdowns(state({name: {"kind": "cooling"}}, **{name: [-1, 0, -1, 0]}))


def write_state(rep, t_ns, gauges, **columns):
    lines = [dict({name: values[i] for name, values in columns.items()}, t_ns=t) for i, t in enumerate(t_ns)]
    lines[0].update(attempt=1, gauges=gauges)
    rep.state.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def search(tmp_path):
    """The repetition of a search whose throttle counter rose during its third epoch, and that epoch's times."""
    folder = write_study(tmp_path)
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(SEARCH, 1)
    lines = attempt(WORKS[SEARCH])
    begin = next(e["t_ns"] for e in lines if e.get("epoch") == 2 and e["event"] == "begin")
    times = list(range(lines[0]["t_ns"], lines[-1]["t_ns"], 10**8))
    events = [0 if t < begin + 3 * 10**8 else 5 for t in times]
    degrees = [30.0 if t < begin else 70.0 for t in times]
    gauges = {"oc1_events": {"kind": "counter"}, "GPU-therm_C": {"kind": "temperature"}}
    write_state(rep, times, gauges, **{"oc1_events": events, "GPU-therm_C": degrees})
    rundir.seal(rep)
    return folder, rep


def test_only_the_windows_in_which_it_happened_are_flagged(search):
    run = StageRun.open(search[1].folder)
    flagged = [(w.phase, w.epoch) for w in run.windows() if run.slowed(w)]
    assert ("epoch", 2) in flagged and not {("epoch", 0), ("epoch", 1), ("epoch", 3)} & set(flagged)


def test_only_the_rows_that_pay_for_them_are_marked(search):
    """Early bird is charged the search up to its own draw, before it happened; slimming all of it."""
    rows = {row.cell["label"]: row for row in StudyRuns.open(search[0]).rows()}
    assert {label: row.energy.throttled for label, row in rows.items()} == {
        "dense": False,
        "slimming": True,
        "early_bird": False,
    }
    assert "throttled" in marks(rows["slimming"]) and "throttled" not in marks(rows["dense"])


def test_the_temperature_of_a_stage_is_the_mean_over_its_work(search):
    mean = while_working(StageRun.open(search[1].folder))["GPU-therm"]
    assert 40 < mean < 60


def test_a_stage_without_a_record_of_its_state_is_neither_throttled_nor_warm(tmp_path):
    rep = write_rep(rundir.Machine(tmp_path, "b").rep(DENSE, 1), [attempt(WORKS[DENSE])])
    run = StageRun.open(rep.folder)
    assert run.slowdowns() == [] and while_working(run) == {}
