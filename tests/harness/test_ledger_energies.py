"""Energies of windows against traces whose power steps with the phases: each figure is watts x milliseconds by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import rundir
from harness.ledger import StageRun
from tests.harness.recording import PERIOD_MS, write_rep, write_trace
from tests.harness.timeline import DURATION_MS, MS, WATTS, Work, attempt, killed, saved

WORK = Work(stop=3, draws=(("consecutive-0.5", 2),), prunes=True)
CLOSE = 1e-6  # a step of power lasts 1 ns in the traces, and they hold float32


def rep(tmp_path, name="abcdef123456"):
    return rundir.Rep(tmp_path / "stages" / name / "rep-1")


def open_run(tmp_path, attempts, **options):
    return StageRun.open(write_rep(rep(tmp_path), attempts, **options).folder)


def own(run, phase, **where):
    return [
        reading.own_joules
        for reading in run.energies()
        if reading.window.phase == phase and all(getattr(reading.window, k) == v for k, v in where.items())
    ]


def joules(phase, times=1):
    return pytest.approx(WATTS[phase] * DURATION_MS[phase] * times / 1000, rel=CLOSE)


def test_each_phase_has_its_own_energy(tmp_path):
    run = open_run(tmp_path, [attempt(WORK)])
    assert own(run, "epoch") == [joules("epoch")] * 3
    assert own(run, "detect") == [joules("detect")] * 2, "until its draw"
    assert own(run, "evaluate") == [joules("evaluate")] * 3
    assert own(run, "checkpoint") == [joules("checkpoint")] * 3
    assert own(run, "prune") == [joules("prune")]
    assert own(run, "load") == [joules("load")]
    assert own(run, "idle") == [joules("idle", 2)], "without the pulses of sync"
    assert own(run, "window") == [joules("window")]
    assert own(run, "cooldown") == [joules("cooldown")]
    around = WATTS["search"] * DURATION_MS["around"] / 1000
    assert own(run, "search") == [pytest.approx(2 * around, rel=CLOSE), pytest.approx(3 * around, rel=CLOSE)]


def test_inclusive_energy_holds_the_children(tmp_path):
    run = open_run(tmp_path, [attempt(WORK)])
    epoch = next(reading for reading in run.energies() if reading.window.phase == "epoch")
    inside = sum(WATTS[p] * DURATION_MS[p] / 1000 for p in ("epoch", "detect", "evaluate"))
    assert epoch.joules == pytest.approx(inside, rel=CLOSE)
    assert epoch.seconds == pytest.approx(1.65)
    assert epoch.own_seconds == pytest.approx(1.5)
    assert epoch.mean_W == pytest.approx(inside / 1.65, rel=CLOSE)
    assert epoch.coverage == 1.0 and epoch.longest_gap_s == 0.0 and epoch.reason is None


def test_idle_power_leaves_out_the_pulses(tmp_path):
    run = open_run(tmp_path, [attempt(WORK)])
    assert run.idle_W("wall", 1) == pytest.approx(WATTS["idle"], rel=CLOSE)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(2, 40), max_size=2),
    st.sampled_from(["search", "train", "retrain"]),
    st.booleans(),
    st.lists(st.floats(0.5, 60), min_size=12, max_size=12),
)
def test_own_parts_sum_to_the_stage(tmp_path_factory, kills, role, prunes, watts):
    """To 1e-9 relative, in every attempt, also in those that died."""
    power = dict(zip(sorted(WATTS, key=str), watts + watts))
    attempts, done, work = [], 0, WORK._replace(role=role, prunes=prunes)
    for number, count in enumerate(kills, 1):
        part = killed(attempt(work, number, done), count)
        attempts.append(part)
        done = saved(part, before=done)
    attempts.append(attempt(work, len(kills) + 1, done))
    run = open_run(tmp_path_factory.mktemp("run"), attempts, power=power)
    for number in range(1, len(attempts) + 1):
        part = [reading for reading in run.energies() if reading.window.attempt == number]
        if part:
            total = sum(reading.own_joules for reading in part if reading.own_joules is not None)
            assert total == pytest.approx(part[0].joules, rel=1e-9)
            assert sum(reading.own_seconds for reading in part) == pytest.approx(part[0].seconds, rel=1e-9)


def test_a_gap_leaves_no_figure_but_a_reason(tmp_path):
    lines = attempt(WORK)
    second = next(line["t_ns"] for line in lines if line.get("epoch") == 1)
    hole = (1, second + 300 * MS, second + 900 * MS)
    run = open_run(tmp_path, [lines], holes=[hole])
    first, gapped, third = [reading for reading in run.energies() if reading.window.phase == "epoch"]
    assert gapped.joules is None and gapped.own_joules is None
    assert "meter wall recorded nothing for 0.6" in gapped.reason
    assert gapped.longest_gap_s == pytest.approx(0.6, abs=2 * PERIOD_MS / 1000)
    assert gapped.coverage == pytest.approx(1 - gapped.longest_gap_s / 1.65, rel=1e-3)
    assert first.joules is not None and third.joules is not None
    search = next(reading for reading in run.energies() if reading.window.phase == "search")
    assert search.joules is None, "what holds a gapped window has no figure"
    assert search.own_joules is not None, "but its own part lies outside the gap"


def test_a_window_before_the_first_sample_has_no_figure(tmp_path):
    lines = attempt(WORK)
    run = open_run(tmp_path, [lines], holes=[(1, 0, lines[1]["t_ns"] + 500 * MS)])
    idle = next(reading for reading in run.energies() if reading.window.phase == "idle")
    assert idle.joules is None and "recorded nothing" in idle.reason
    assert run.idle_W("wall", 1) is None


def test_a_window_after_the_last_sample_has_no_figure(tmp_path):
    lines = attempt(WORK)
    run = open_run(tmp_path, [lines], holes=[(1, lines[-1]["t_ns"] - 200 * MS, 1 << 62)])
    assert own(run, "cooldown") == [None]
    assert own(run, "window") == [joules("window")]


def test_an_attempt_that_died_just_after_an_epoch_is_given_its_last_sample_for_the_rest(tmp_path):
    """The samples were on disk up to the epoch's end, and the next one never came."""
    lines = attempt(WORK)
    end = [i for i, line in enumerate(lines) if line["event"] == "end" and line["phase"] == "epoch"][0]
    t_end = lines[end]["t_ns"]
    first = killed(lines, end + 2)
    second = attempt(WORK, 2, saved(first, renamed=True))
    run = open_run(tmp_path, [first, second], holes=[(1, t_end - 20 * MS, 1 << 62)])
    epoch = next(reading for reading in run.energies() if reading.window.phase == "epoch")
    assert not epoch.window.lost
    assert epoch.held_s == pytest.approx(0.03, rel=1e-6)
    inside = sum(WATTS[p] * DURATION_MS[p] / 1000 for p in ("epoch", "detect", "evaluate"))
    assert epoch.joules == pytest.approx(inside, rel=1e-6)


def test_more_than_five_periods_are_not_held(tmp_path):
    lines = attempt(WORK)
    end = [i for i, line in enumerate(lines) if line["event"] == "end" and line["phase"] == "epoch"][0]
    first = killed(lines, end + 2)
    run = open_run(
        tmp_path,
        [first, attempt(WORK, 2, saved(first, renamed=True))],
        holes=[(1, lines[end]["t_ns"] - 6 * PERIOD_MS * MS, 1 << 62)],
    )
    epoch = next(reading for reading in run.energies() if reading.window.phase == "epoch")
    assert epoch.joules is None and "recorded nothing" in epoch.reason


def test_lost_work_reaches_to_the_last_sample(tmp_path):
    lines = attempt(WORK)
    second = next(i for i, line in enumerate(lines) if line.get("epoch") == 1)
    first = killed(lines, second + 1)
    run = open_run(tmp_path, [first, attempt(WORK, 2, 1)], tail_ms=640)
    lost = [r for r in run.energies() if r.window.phase == "search" and r.window.lost and r.window.attempt == 1]
    assert [r.joules for r in lost] == [
        pytest.approx((WATTS["epoch"] * 640 + WATTS["search"] * DURATION_MS["around"]) / 1000, rel=CLOSE)
    ]


def test_a_missing_trace_is_a_reason(tmp_path):
    folder = write_rep(rep(tmp_path), [attempt(WORK)])
    folder.trace("wall", 1).unlink()
    run = StageRun.open(folder.folder)
    assert {reading.joules for reading in run.energies()} == {None}
    assert {reading.reason for reading in run.energies()} == {"meter wall left no trace of attempt 1"}


def test_without_a_meter_the_reason_says_so(tmp_path):
    run = open_run(tmp_path, [attempt(WORK)], meters=())
    assert run.meters == []
    assert {reading.reason for reading in run.energies()} == {"no meter recorded this stage"}


def test_a_trace_on_another_clock_is_refused(tmp_path):
    folder = write_rep(rep(tmp_path), [attempt(WORK)])
    write_trace(folder.trace("wall", 1), [(1, 1.0), (10**15, 1.0)], "wall", 1, boot="another")
    run = StageRun.open(folder.folder)
    assert "another clock" in run.energies()[0].reason


def test_a_damaged_trace_is_a_reason_and_the_other_meter_still_counts(tmp_path):
    folder = write_rep(rep(tmp_path), [attempt(WORK)], meters=("wall", "rail"))
    folder.trace("wall", 1).write_bytes(b"not a trace")
    run = StageRun.open(folder.folder)
    assert run.meters == ["wall", "rail"]
    assert run.energies("wall")[0].joules is None and run.energies("wall")[0].reason
    assert run.energies("rail")[0].joules is not None
