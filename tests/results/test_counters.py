"""A meter's own counter stands in where samples are too few for a figure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import results
from harness import rundir
from meters.trace import Trace
from results.uncertainty import counters
from tests.harness.recording import DENSE, WORKS, step_samples, write_columns
from tests.harness.timeline import DURATION_MS, MS, WATTS, attempt
from tests.results.conftest import write_study


def trace_with_counter(path, samples, name="out_energy_J", unit_J=1.0, step_J=1e-3, reset_at=None):
    """A trace whose counter holds the true joules of the samples, rounded down to whole steps."""
    times, watts = map(np.array, zip(*samples, strict=True))
    joules = np.concatenate(([0.0], np.cumsum(np.diff(times) / 1e9 * (watts[1:] + watts[:-1]) / 2)))
    counted = np.floor(joules / step_J) * step_J
    if reset_at is not None:
        counted[times > reset_at] -= counted[times > reset_at][0]
    write_columns(path, samples, [0] * len(times), {name: counted / unit_J})


@pytest.fixture
def rep(tmp_path):
    write_study(tmp_path)
    return rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1)


def samples():
    return step_samples(attempt(WORKS[DENSE]), 300 * MS, WATTS)


def evaluations(rep):
    windows = results.load(rep.folder.parents[2]).windows
    return windows[(windows["stage"] == DENSE) & (windows["phase"] == "evaluate")]


@pytest.mark.parametrize("name, unit_J", [("out_energy_J", 1.0), ("energy_Wh", 3600.0)])
def test_a_short_window_has_the_figure_of_the_counter(rep, name, unit_J):
    trace_with_counter(rep.trace("wall", 1), samples(), name, unit_J)
    short = evaluations(rep)
    true_J = WATTS["evaluate"] * DURATION_MS["evaluate"] / 1000
    assert set(short["energy_from"]) == {"counter"} and set(short["why_no_energy"]) == {""}
    assert short["energy_J"].to_numpy() == pytest.approx(true_J, abs=2e-3)
    assert (short["energy_low_J"] < true_J).all() and (short["energy_high_J"] > true_J).all()


def test_phases_of_short_windows_have_it_too(rep):
    trace_with_counter(rep.trace("wall", 1), samples())
    phases = results.load(rep.folder.parents[2]).phases.set_index(["cell", "phase"])
    phase = phases.loc[("dense-vgg16-digits-seed1", "evaluate")]
    assert phase["energy_from"] == "counter"
    assert phase["energy_J"] == pytest.approx(4 * WATTS["evaluate"] * DURATION_MS["evaluate"] / 1000, abs=5e-3)
    assert phases.loc[("dense-vgg16-digits-seed1", "train"), "energy_from"] == "samples", "long enough without"


def test_a_counter_too_coarse_for_the_window_gives_none(rep):
    trace_with_counter(rep.trace("wall", 1), samples(), step_J=2.0)
    assert evaluations(rep)["energy_J"].isna().all()


def test_a_counter_that_began_again_in_the_window_gives_none(rep):
    lines = attempt(WORKS[DENSE])
    begins = [line["t_ns"] for line in lines if line.get("phase") == "evaluate" and line["event"] == "begin"]
    trace_with_counter(rep.trace("wall", 1), samples(), reset_at=begins[1] + 40 * MS)
    found = evaluations(rep)
    assert found["energy_J"].isna().tolist() == [False, True, False, False]


@given(st.lists(st.integers(0, 50), min_size=2, max_size=30), st.integers(1, 10**6))
def test_the_smallest_step_divides_every_step(counts, step_uJ):
    joules = np.cumsum(counts) * step_uJ * 1e-6
    found = counters.smallest_step_J(joules)
    if found is None:
        assert not any(counts[1:])
    else:
        assert round(found * 1e6) % step_uJ == 0


def test_a_trace_without_counters_has_none(rep):
    trace = Trace.open(rep.trace("wall", 1))
    assert counters.of(trace, list(trace.channels), "key") == []
