import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.envelope import envelope
from results.interactive import curve

SECOND = 10**9


def test_no_peak_is_lost_between_pixels():
    t = np.arange(100000, dtype=np.int64) * 10**7
    power = np.full(len(t), 5.0)
    power[54321] = 30.0
    power[12345] = 0.5
    band = envelope(t, power, 0, int(t[-1]), spans=500)
    assert np.nanmax(band.high_W) == 30.0 and np.nanmin(band.low_W) == 0.5
    assert len(band.low_W) == 500
    assert band.high_W[int(54321 * 10**7 / t[-1] * 500)] == 30.0
    assert band.samples_per_span == pytest.approx(200, rel=0.01)


def test_time_before_the_first_sample_stays_empty():
    t = np.arange(100, dtype=np.int64) * 10**7
    band = envelope(t, np.ones(len(t)), -SECOND, int(t[-1]), spans=50)
    assert np.isnan(band.low_W[:20]).all() and not np.isnan(band.low_W[-1])


def test_a_gap_stays_empty_and_a_long_step_does_not():
    t = np.concatenate([np.arange(100), np.arange(900, 1000)]).astype(np.int64) * 10**7
    gap = [(int(t[99]), int(t[100]))]
    assert np.isnan(envelope(t, np.ones(len(t)), 0, int(t[-1]), gap, spans=50).low_W[15:40]).all()
    assert not np.isnan(envelope(t, np.ones(len(t)), 0, int(t[-1]), spans=50).low_W).any()


def test_a_span_without_samples_holds_the_line_between_its_neighbours():
    t, power = np.array([0, 1, 10, 11], dtype=np.int64) * SECOND, np.array([0.0, 0.0, 9.0, 9.0])
    band = envelope(t, power, 0, 11 * SECOND, spans=3)
    assert band.low_W[1] == pytest.approx(11 / 3 - 1) and band.high_W[1] == pytest.approx(22 / 3 - 1)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=60), st.integers(1, 80), st.data())
def test_an_envelope_has_the_extremes_of_its_samples(power, spans, data):
    t = np.cumsum(data.draw(st.lists(st.integers(1, SECOND), min_size=len(power), max_size=len(power))))
    band = envelope(t, np.array(power), int(t[0]), int(t[-1]) + 1, spans=spans)
    assert np.nanmax(band.high_W) == max(power) and np.nanmin(band.low_W) == min(power)
    assert len(band.edges_s) == len(band.low_W) + 1 <= spans + 1


def test_a_short_recording_is_held_sample_by_sample_with_a_hole_in_each_gap():
    t = np.array([0, 1, 2, 8, 9], dtype=np.int64) * SECOND
    found = curve(t, np.arange(5.0), 0, 10 * SECOND, [(2 * SECOND, 8 * SECOND)], most=100)
    assert found.low_W.tolist() == pytest.approx([0, 1, 2, np.nan, 3, 4], nan_ok=True)
    assert np.all(np.diff(found.t_s) > 0) and found.samples_per_span == 1


def test_a_long_recording_is_held_as_extremes():
    t = np.arange(1000, dtype=np.int64) * SECOND
    found = curve(t, np.sin(np.arange(1000.0)), 0, 1000 * SECOND, most=100)
    assert found.t_s is None and len(found.low_W) == len(found.high_W) == 100
