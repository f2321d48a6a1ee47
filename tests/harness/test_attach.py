"""A trace from another host lands on the run's clock, by pulses and UTC, or is refused with the reason."""

import json

import pytest

from harness import rundir
from harness.attaching.attach import attach
from harness.errors import UserError
from harness.ledger import StageRun
from meters.trace import Trace
from tests.harness.command import harness
from tests.harness.elsewhere import SECOND, begun, elsewhere, end_s, load_of, longer, record, stage
from tests.harness.relabelled import relabel
from tests.harness.watched import Load

SHIFT_NS = -4321987654321  # the laptop has been up for longer


@pytest.fixture
def board(tmp_path, monkeypatch):
    longer(monkeypatch)
    return rundir.Machine(tmp_path / "runs", "board-abc123")


def made(board, tmp_path, own=True, rate_Hz=20, shape="instant", starts=(2000.0,), **clock):
    """Stages that begin at `starts`, and what the laptop recorded of all of them."""
    attempts = [begun(start) for start in starts]
    reps = [stage(board.rep(name * 6, 1), lines, own) for name, lines in zip("abc", attempts)]
    path = tmp_path / "laptop.arrow"
    record(path, load_of(*attempts), starts[0] - 40, end_s(attempts[-1]) + 30, "analyser", rate_Hz, shape, seed=2)
    return reps, elsewhere(path, **clock)


@pytest.mark.parametrize("rate_Hz, shape", [(20, "instant"), (100, "instant"), (1, "mean_over_period")])
@pytest.mark.parametrize("own", [True, False])
def test_joules_of_the_attached_meter_are_those_of_the_runs_own(board, tmp_path, own, rate_Hz, shape):
    (rep,), path = made(board, tmp_path, own, rate_Hz, shape, shift_ns=SHIFT_NS)
    (found,) = attach(rep.folder, path)
    (about,) = found.mappings
    assert abs(about["offset_ns"] - SHIFT_NS) / 1e9 <= about["within_s"] < 0.7
    run = StageRun.open(rep.folder)
    assert run.meters == (["wall", "analyser"] if own else ["analyser"])
    epochs = [r for r in run.energies("analyser") if r.window.phase == "epoch"]
    truth = load_of(begun(2000.0))
    for reading in epochs:
        start_s, stop_s = reading.window.start_ns / 1e9, reading.window.stop_ns / 1e9
        true_J = truth.joules(stop_s) - truth.joules(start_s)
        assert reading.joules == pytest.approx(true_J, abs=8.0 * about["within_s"] + 0.3)


def test_the_seal_stays_and_what_came_later_has_its_own(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    before = rep.sums.read_bytes()
    attach(rep.folder, path)
    assert rep.sums.read_bytes() == before
    assert rundir.listed(rep.attached_sums) == ["attached.json", "power/analyser.1.arrow"]
    assert set(rundir.files(rep.folder)) == set(rundir.listed(rep.sums))
    listed = json.loads(rep.attached.read_text())["meters"][0]
    assert listed["attached"]["sha256"] == rundir.digest(path) and listed["attached"]["file"] == "laptop.arrow"


def test_samples_stay_as_they_were_recorded(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    attach(rep.folder, path)
    part, whole = Trace.open(rep.trace("analyser", 1)), Trace.open(path)
    assert set(part.column("t_ns")) <= set(whole.column("t_ns")) and len(part.t_ns) < len(whole.t_ns)
    assert part.clock["boot_id"] == "boot-1" and part.attached.clock["boot_id"] == "other"
    assert abs(int(part.t_ns[0]) - int(part.column("t_ns")[0]) - SHIFT_NS) < SECOND


def test_one_trace_of_several_stages_goes_to_each_of_them(board, tmp_path):
    reps, path = made(board, tmp_path, starts=(2000.0, 2100.0, 2300.0), shift_ns=SHIFT_NS)
    found = attach(board.folder, path)
    assert [one.run.rep.folder for one in found] == [rep.folder for rep in reps]
    for rep in reps:
        joules = [r.joules for r in StageRun.open(rep.folder).energies("analyser") if r.window.phase == "stage"]
        own = [r.joules for r in StageRun.open(rep.folder).energies("wall") if r.window.phase == "stage"]
        assert joules == pytest.approx(own, rel=0.01)


def test_without_utc_the_pulses_of_all_stages_tell_where_they_belong(board, tmp_path):
    reps, path = made(board, tmp_path, starts=(2000.0, 2100.0, 2300.0), shift_ns=SHIFT_NS, utc=False)
    relabel(path, anchor=None)
    found = attach(board.folder, path)
    assert len(found) == 3
    for one in found:
        assert abs(one.mappings[0]["offset_ns"] - SHIFT_NS) / 1e9 <= one.mappings[0]["within_s"]
        assert one.mappings[0]["utc_offset_ns"] is None


def test_one_stage_among_several_alike_is_ambiguous_without_utc(board, tmp_path):
    reps, path = made(board, tmp_path, starts=(2000.0, 2100.0), shift_ns=SHIFT_NS, utc=False)
    relabel(path, anchor=None)
    with pytest.raises(UserError, match="the pulses fit at .* and at .*: attach all stages that it shows at once"):
        attach(reps[0].folder, path)
    assert not reps[0].attached.exists()


def test_drift_over_hours_is_taken_out(board, tmp_path):
    starts, drift = (2000.0, 5600.0), 40e-6
    attempts = [begun(start) for start in starts]
    reps = [stage(board.rep(name * 6, 1), lines) for name, lines in zip("ab", attempts)]
    path = tmp_path / "laptop.arrow"
    record(path, load_of(*attempts), 1990.0, end_s(attempts[-1]) + 10, "analyser", seed=2)
    elsewhere(path, shift_ns=SHIFT_NS, drift=drift)
    one, other = (found.mappings[0] for found in attach(board.folder, path))
    assert one["drift"] == pytest.approx(-drift, abs=15e-6)
    assert other["offset_ns"] - one["offset_ns"] == pytest.approx(-drift * 3600e9, abs=0.06e9)
    for rep in reps:
        run = StageRun.open(rep.folder)
        joules = [[r.joules for r in run.energies(m) if r.window.phase == "epoch"] for m in ("wall", "analyser")]
        assert joules[0] == pytest.approx(joules[1], rel=0.01)


def test_pulses_and_utc_that_contradict_each_other_are_refused(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    relabel(path, anchor={"monotonic_ns": 0, "utc_ns": 1767225600 * SECOND + SHIFT_NS + 7 * SECOND})
    with pytest.raises(UserError, match=r"the pulses say that -4321.9\d+ s .* UTC says -4314.9\d+ s: .*--trust-pulses"):
        attach(rep.folder, path)
    assert not rep.attached.exists() and [name for name, _, _ in rep.traces()] == ["wall"]
    (found,) = attach(rep.folder, path, trust_pulses=True)
    assert abs(found.mappings[0]["offset_ns"] - SHIFT_NS) < 0.1 * SECOND


def test_a_trace_of_another_machine_has_no_pulses(board, tmp_path):
    (rep,), _ = made(board, tmp_path, shift_ns=SHIFT_NS)
    path = record(tmp_path / "other.arrow", load_of(begun(2500.0)), 1960.0, 2400.0, "other", noise_W=0.3)
    for utc in (True, False):
        elsewhere(path, shift_ns=SHIFT_NS if utc else 0, utc=utc)
        with pytest.raises(UserError, match="no pulse found: .* did this meter see this machine"):
            attach(rep.folder, path)


def test_a_trace_of_another_day_shows_none_of_the_stages(board, tmp_path):
    (rep,), _ = made(board, tmp_path, shift_ns=SHIFT_NS)
    path = record(tmp_path / "old.arrow", load_of(begun(2500.0)), 2490.0, 2600.0, "analyser")
    with pytest.raises(UserError, match="shows none of the 1 stages in .*: it was recorded at another time"):
        attach(rep.folder, elsewhere(path, shift_ns=SHIFT_NS))


def test_a_machine_that_was_busy_all_the_time_shows_no_pulses(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    flat = Load([0.0, 1e5], [15.0])
    record(rep.trace("wall", 1), flat, 1999.0, end_s(begun(2000.0)) + 1, "wall")
    with pytest.raises(UserError, match="saw the same power all through its idle and after"):
        attach(rep.folder, path)


def test_on_one_clock_nothing_is_added(board, tmp_path):
    (rep,), path = made(board, tmp_path)
    relabel(path, clock={"host": "board", "boot_id": "boot-1"})
    (found,) = attach(rep.folder, path)
    assert (found.mappings[0]["offset_ns"], found.mappings[0]["within_s"]) == (0, 0.0)


def test_a_name_that_is_taken_needs_another_one(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    with pytest.raises(UserError, match="has a meter wall already.*: give this one another name with --name"):
        attach(rep.folder, path, name="wall")
    attach(rep.folder, path)
    attach(rep.folder, path, name="again")
    assert StageRun.open(rep.folder).meters == ["wall", "analyser", "again"]
    assert len(rundir.listed(rep.attached_sums)) == 3
    with pytest.raises(UserError, match="is part of a run already"):
        attach(rep.folder, rep.trace("again", 1), name="third")


def test_an_unfinished_stage_is_not_attached_to(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    rep.sums.unlink()
    with pytest.raises(UserError, match="no stage that is complete at or below"):
        attach(rep.folder, path)


def test_the_command_tells_offset_uncertainty_and_what_utc_says(board, tmp_path):
    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    done = harness("attach", board.folder, path, "--name", "laptop")
    assert done.returncode == 0, done.stderr
    assert "aaaaaa rep 1 attempt 1: -4321.9" in done.stdout and "UTC says -4321.98" in done.stdout
    done = harness("attach", board.folder, path, "--json", "--name", "laptop2")
    assert json.loads(done.stdout)[0]["attempts"][0]["within_s"] < 0.1
    assert harness("attach", tmp_path / "runs" / "board-abc123", tmp_path / "none").returncode == 2


@pytest.mark.parametrize("change", [{"offset_ns": "x"}, {"drift": 1.0}, {"within_s": -1}, {"clock": 3}])
def test_a_crafted_mapping_is_refused(board, tmp_path, change):
    from meters.errors import MeterError

    (rep,), path = made(board, tmp_path, shift_ns=SHIFT_NS)
    attach(rep.folder, path)
    about = Trace.open(rep.trace("analyser", 1)).meta["attached"]
    relabel(rep.trace("analyser", 1), attached=dict(about, **change))
    with pytest.raises(MeterError, match="clock is mapped|its clock is not mapped"):
        Trace.open(rep.trace("analyser", 1))
