"""Energy against exact rational arithmetic, and refusal where the samples do not say."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters import integrate as module
from meters.integrate import integrate, partition

SHAPES = ("instant", "mean_over_period")
T = [0.0, 1.0, 3.0, 4.0]
P = [2.0, 4.0, 0.0, 6.0]


def exact_J(t_ns, power, start, stop, shape):
    """By the definition, sample by sample, without rounding."""
    total = Fraction(0)
    for left, right, before, after in zip(t_ns, t_ns[1:], power, power[1:]):
        low, high = max(left, start), min(right, stop)
        if low < high:
            first, last = Fraction(float(before)), Fraction(float(after))
            middle = Fraction(low + high, 2) - left
            mean = last if shape == "mean_over_period" else first + (last - first) * middle / (right - left)
            total += mean * (high - low)
    return total / 10**9


@st.composite
def recordings(draw):
    """Times with very different steps, positive float32 watts, and edges within them."""
    steps = draw(st.lists(st.integers(1, 10**10), min_size=1, max_size=25))
    first = draw(st.integers(0, 10**15))
    t_ns = np.cumsum([first] + steps).astype(np.int64)
    watts = draw(st.lists(st.floats(0.0009765625, 1000, width=32), min_size=len(t_ns), max_size=len(t_ns)))
    inside = st.one_of(st.integers(int(t_ns[0]), int(t_ns[-1])), st.sampled_from(t_ns.tolist()))
    edges = sorted(draw(st.lists(inside, min_size=2, max_size=6)))
    return t_ns, np.array(watts, dtype=np.float32), edges


@pytest.mark.parametrize("shape", SHAPES)
@given(recording=recordings())
def test_a_partition_is_exact_to_1e_12(shape, recording):
    t_ns, power, edges = recording
    joules = partition(t_ns, power, edges, shape)
    for got, start, stop in zip(joules.tolist(), edges, edges[1:]):
        exact = exact_J(t_ns.tolist(), power, start, stop, shape)
        assert abs(Fraction(got) - exact) <= exact * Fraction(1, 10**12)


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_may_be_months_apart(shape):
    t_ns = np.array([7, 10, 10 + 2**51, 21 + 2**53, 30 + 2**53, 35 + 2**53])
    power = np.array([3.0, 5.0, 7.0, 2.0, 4.0, 6.0], dtype=np.float32)
    exact = exact_J(t_ns.tolist(), power, 8, 33 + 2**53, shape)
    assert abs(Fraction(float(partition(t_ns, power, [8, 33 + 2**53], shape)[0])) - exact) <= exact / 10**14


def test_an_edge_close_to_a_small_sample_loses_no_digits():
    t_ns, power = np.array([1, 10719091, 10719092]), np.array([668.0, 9.765625e-04, 1.0], dtype=np.float32)
    exact = exact_J(t_ns.tolist(), power, 10718550, 10719091, "instant")
    assert abs(Fraction(float(partition(t_ns, power, [10718550, 10719091])[0])) - exact) <= exact / 10**14


@pytest.mark.parametrize("shape", SHAPES)
@given(recording=recordings())
def test_integrate_is_exact_for_the_seconds_it_is_given(shape, recording):
    t_ns, power, edges = recording
    seconds = ((t_ns - t_ns[0]) / 2**30).tolist()  # exact in binary
    for start, stop in zip(edges, edges[1:]):
        window = [(edge - int(t_ns[0])) / 2**30 for edge in (start, stop)]
        exact = exact_J(t_ns.tolist(), power, start, stop, shape) * 10**9 / 2**30
        got = Fraction(integrate(seconds, power, *window, shape=shape))
        assert abs(got - exact) <= Fraction(float(power.max()) * (window[1] - window[0])) * Fraction(1, 10**12)


@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_do_not_show(shape, monkeypatch):
    rng = np.random.RandomState(1)
    t_ns = np.cumsum(rng.randint(1, 10**8, 5000)).astype(np.int64)
    power = rng.uniform(-3, 15, 5000).astype(np.float32)
    edges = np.sort(rng.choice(t_ns, 7))
    monkeypatch.setattr(module, "_BLOCK", 64)
    monkeypatch.setattr(module, "_ROW", 24)
    for got, start, stop in zip(partition(t_ns, power, edges, shape), edges, edges[1:]):
        exact = exact_J(t_ns.tolist(), power, int(start), int(stop), shape)
        assert got == pytest.approx(float(exact), rel=1e-13)


@given(recordings())
def test_parts_add_up_to_the_whole(recording):
    t_ns, power, edges = recording
    whole = partition(t_ns, power, [edges[0], edges[-1]])
    assert partition(t_ns, power, edges).sum() == pytest.approx(whole[0], rel=1e-12, abs=1e-15)


def test_the_mean_of_a_period_holds_from_the_sample_before():
    assert integrate(T, P, 0, 4, shape="mean_over_period") == 4 * 1 + 0 * 2 + 6 * 1
    assert integrate(T, P, 0.5, 3.5, shape="mean_over_period") == 4 * 0.5 + 0 * 2 + 6 * 0.5


def test_edges_are_interpolated():
    assert integrate(T, P, 0, 4) == 3 + 4 + 3
    assert integrate(T, P, 0.5, 2) == pytest.approx(0.5 * (3 + 4) / 2 + 1 * (4 + 2) / 2)
    assert integrate(T, P, 1.5, 2.5) == pytest.approx(2.0)
    assert integrate(T, P, 2, 2) == 0.0


def test_repeats_are_held():
    assert integrate([0, 1, 2, 3], [5, 5, 5, 7], 0, 3) == 5 + 5 + 6


def test_a_lowpass_channel_integrates_like_an_instant_one():
    assert integrate(T, P, 0.5, 3.5, shape="lowpass") == integrate(T, P, 0.5, 3.5)


@pytest.mark.parametrize(
    "t, power, start, stop, gap, sentence",
    [
        (T, P, -0.1, 4, None, "from -0.1 s to 4 s is not covered: samples reach from 0.0 s to 4.0 s"),
        (T, P, 0, 4.1, None, "is not covered"),
        (T, P, 3, 2, None, "before its start"),
        (T, P, 0, float("nan"), None, "the window ends at nan"),
        (T, P, 0, 4, 1.5, "up to 2 s apart in the window, more than 1.5 s"),
        (T, P, 1.2, 1.3, 1.5, "up to 2 s apart in the window"),
        ([0, 1, 1, 2], P, 0, 2, None, "do not increase"),
        ([0, 2, 1, 3], P, 0, 2, None, "do not increase"),
        ([0, 1, float("nan"), 3], P, 0, 2, None, "do not increase"),
        (T, [2, float("nan"), 0, 6], 0, 4, None, "power is not a number"),
        (T, [2, float("inf"), 0, 6], 0, 4, None, "power is not a number"),
        ([], [], 0, 1, None, "there are no samples"),
        ([0, 1], [1, 2, 3], 0, 1, None, "do not go together"),
    ],
)
def test_what_the_samples_do_not_say_is_refused(t, power, start, stop, gap, sentence):
    with pytest.raises(ValueError, match=sentence):
        integrate(t, power, start, stop, max_gap_s=gap)


def test_a_gap_or_a_nan_outside_the_window_does_no_harm():
    assert integrate(T, [2, 4, 0, float("nan")], 0, 1, max_gap_s=1.5) == 3.0


@pytest.mark.parametrize(
    "power, edges, sentence",
    [
        (P, [-1, 4], "the window from -1 ns to 4 ns is not covered: samples reach from 0 ns to 4 ns"),
        (P, [0, 5], "is not covered"),
        (P, [3, 2], "must not decrease"),
        ([2, float("nan"), 0, 6], [0, 2, 4], "power is not a number"),
        ([1, 2], [0, 1], "do not go together"),
    ],
)
def test_a_partition_refuses_it_too(power, edges, sentence):
    with pytest.raises(ValueError, match=sentence):
        partition(np.array(T, dtype=np.int64), np.array(power, dtype=np.float32), edges)


def test_a_partition_of_nothing_is_empty():
    assert partition(np.array([0, 1]), np.array([1.0, 1.0]), []).shape == (0,)
    assert partition(np.array([0, 1]), np.array([1.0, 1.0]), [0]).shape == (0,)
