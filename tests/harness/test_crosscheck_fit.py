"""Gain, offset and lag of one meter against another are found again, whatever the two sample and filter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.crosscheck.fit import compare
from harness.crosscheck.series import mean_W
from tests.harness.watched import seen, staircase

SHAPES = ("instant", "mean_over_period", "lowpass")
TAU_S = 0.43


def check(seed, seconds, step_s, one, other, gain, offset_W, lag_s):
    """`one` is right, `other` errs; (rate, shape) each."""
    rng = np.random.default_rng(seed)
    load = staircase(rng, seconds, step_s)
    reference = seen(rng, load, seconds, one[0], one[1], TAU_S)
    meter = seen(rng, load, seconds, other[0], other[1], TAU_S, gain, offset_W, lag_s)
    found = compare(reference, meter)
    assert found.gain == pytest.approx(gain, rel=1e-3)
    assert found.offset_W == pytest.approx(offset_W, abs=0.015)
    half_sample_s = 0.5 * max(reference.period_s, meter.period_s)
    assert abs(found.lag_s - lag_s) <= half_sample_s + 1e-9
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reference", ["instant", "mean_over_period"])
@pytest.mark.parametrize(
    "rates, seconds, step_s",
    [((100, 1), 300, 20), ((10, 1), 300, 20), ((1000, 10), 60, 6), ((100, 100), 60, 6), ((1000, 1000), 20, 2),
     ((1, 1), 600, 60), ((1, 100), 300, 20), ((1000, 1), 120, 12)],
)  # fmt: skip
def test_known_errors_are_found_again(rates, seconds, step_s, shape, reference):
    check(1, seconds, step_s, (rates[0], reference), (rates[1], shape), 1.05, -0.3, 0.237)


@pytest.mark.parametrize("other", [(1, "mean_over_period"), (100, "instant"), (10, "lowpass"), (2, "instant")])
def test_a_reference_with_a_filter_is_no_obstacle(other):
    check(2, 300, 20, (10, "lowpass"), other, 0.97, 0.1, -0.4)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 1000),
    shape=st.sampled_from(SHAPES),
    gain=st.floats(0.5, 1.5),
    offset_W=st.floats(-0.9, 0.9),
    lag_s=st.floats(-1.5, 1.5),
)
def test_any_error_is_found_again(seed, shape, gain, offset_W, lag_s):
    check(seed, 120, 8, (100, "instant"), (20, shape), gain, offset_W, lag_s)


def test_either_may_be_the_reference():
    rng = np.random.default_rng(3)
    load = staircase(rng, 120, 8)
    right = seen(rng, load, 120, 100)
    wrong = seen(rng, load, 120, 10, gain=1.1, offset_W=0.5, lag_s=0.3)
    there, back = compare(right, wrong), compare(wrong, right)
    assert (there.gain, there.offset_W, there.lag_s) == pytest.approx((1.1, 0.5, 0.3), abs=0.02)
    assert back.gain == pytest.approx(1 / there.gain) and back.lag_s == -there.lag_s
    assert back.offset_W == pytest.approx(-there.offset_W / there.gain)


def test_noise_and_a_coarse_reading_are_what_is_left_over():
    rng = np.random.default_rng(4)
    load = staircase(rng, 300, 15)
    found = compare(seen(rng, load, 300, 100), seen(rng, load, 300, 10, gain=1.02, noise_W=0.05, resolution_W=0.038))
    assert found.residual_W == pytest.approx(0.051, rel=0.1)
    assert abs(found.gain - 1.02) < 4 * found.gain_sd < 0.003


def test_a_hole_in_either_trace_is_left_out():
    rng = np.random.default_rng(5)
    load = staircase(rng, 120, 8)

    def holed(series, start, stop):
        kept = (series.t_s < start) | (series.t_s > stop)
        return series._replace(t_s=series.t_s[kept], watts=series.watts[kept])

    one = holed(seen(rng, load, 120, 100), 30, 45)
    other = holed(seen(rng, load, 120, 1, "mean_over_period", gain=1.1, lag_s=0.25), 70, 90)
    found = compare(one, other)
    assert (found.gain, found.lag_s) == (pytest.approx(1.1, rel=1e-3), pytest.approx(0.25, abs=0.5))


def test_meters_of_different_boards_have_nothing_in_common():
    rng = np.random.default_rng(6)
    one, other = (seen(rng, staircase(rng, 120, 8), 120, 10) for _ in range(2))
    with pytest.raises(ValueError, match="does not move together"):
        compare(one, other)


def test_power_that_never_changes_tells_no_gain():
    rng = np.random.default_rng(7)
    flat = seen(rng, staircase(rng, 1, 1000), 60, 10)
    with pytest.raises(ValueError, match="does not move together|was the same all the time"):
        compare(flat, flat)


def test_means_of_a_window_are_true_whatever_the_filter():
    rng = np.random.default_rng(8)
    load = staircase(rng, 60, 5)
    true_W = (load.joules(50.0) - load.joules(10.0)) / 40
    for shape in SHAPES:
        assert mean_W(seen(rng, load, 60, 100, shape, TAU_S), 10.0, 50.0) == pytest.approx(true_W, rel=2e-3)
    assert np.isnan(mean_W(seen(rng, load, 60, 100), 50.0, 70.0))
