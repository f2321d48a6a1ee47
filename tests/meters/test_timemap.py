"""From the device's clock to the host's: late arrivals do no harm, drift is followed, order is kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.timemap import strictly_increasing, to_host

MS = 10**6
SECOND = 10**9


@st.composite
def arrivals(draw):
    """True host times, the device's times (another origin, a crystal that is off), and late arrivals in order."""
    n = draw(st.integers(2, 400))
    period = draw(st.sampled_from([5 * MS, 10 * MS, 100 * MS, SECOND]))
    drift = draw(st.floats(-100e-6, 100e-6))
    true = draw(st.integers(0, 10**15)) + period * np.arange(n, dtype=np.int64)
    device = draw(st.integers(0, 10**12)) + ((true - true[0]) * (1 + drift)).astype(np.int64)
    seed = draw(st.integers(0, 1000))
    late = np.random.RandomState(seed).randint(0, 60 * MS, n)
    late[0] = 0
    transmission = draw(st.sampled_from([0, 7 * MS]))
    arrival = strictly_increasing(np.maximum.accumulate(true + transmission + late))
    return true, device, arrival, transmission


@given(arrivals())
def test_no_sample_is_dated_after_its_arrival_nor_out_of_order(case):
    _, device, arrival, transmission = case
    mapped = to_host(arrival, device, transmission)
    assert np.all(mapped <= arrival - transmission)
    assert np.all(np.diff(mapped) > 0)


@given(arrivals())
def test_one_frame_in_time_dates_them_all(case):
    true, device, arrival, transmission = case
    block = true[-1] - true[0] + 1
    error = to_host(arrival, device, transmission, block_ns=int(block)) - true
    slack = 2 + 100e-6 * block
    assert np.all(np.abs(error) <= slack)


def test_drift_is_followed_when_the_line_is_looked_at_ten_times_a_second():
    true = 10 * MS * np.arange(60000, dtype=np.int64)
    device = (true * (1 + 50e-6)).astype(np.int64)
    looks = (97.3 * MS * np.arange(1, 6200)).astype(np.int64)
    seen = np.searchsorted(looks, true + 7 * MS)
    behind = np.searchsorted(seen, seen, "right") - 1 - np.arange(len(true))
    mapped = to_host(looks[seen] - behind * 7 * MS, device, 7 * MS)
    assert np.abs(mapped - true).max() < MS


def test_a_lone_sample_is_dated_by_its_arrival():
    assert to_host(np.array([50 * MS]), np.array([3 * MS]), 7 * MS).tolist() == [43 * MS]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_strictly_increasing_moves_only_what_is_out_of_order(times):
    times = np.array(times, dtype=np.int64)
    ordered = strictly_increasing(times)
    assert np.all(np.diff(ordered) > 0) and np.all(ordered >= times)
    if np.all(np.diff(times) > 0):
        assert ordered.tolist() == times.tolist()


def test_times_may_be_large():
    start = 2**60
    times = np.array([start, start + 1, start + 1])
    assert strictly_increasing(times).tolist() == [start, start + 1, start + 2]
    assert to_host(times + 5, times - start + np.arange(3), 1)[0] == pytest.approx(start + 4)
