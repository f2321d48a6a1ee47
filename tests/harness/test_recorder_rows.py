"""What the recorder adds to samples: segments, flags, gaps, and statistics in constant memory."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recording.annotate import Annotator, Gap
from harness.recording.histogram import Histogram
from meters.base import Channel, Meter, Sample
from meters.trace_format import FLAG_AFTER_GAP, FLAG_NON_POSITIVE, FLAG_STALE

MS = 10**6


class Toy(Meter):
    channels = (Channel("in", "dc_input"), Channel("rail", "rail"))
    columns = ("in_power_W", "rail_power_W")
    total = ("in",)
    period_s = 0.01


class Stream(Toy):
    buffered = True
    device_clock = True


def sample(t_ms, watts=5.0, device_ms=None, rail=1.0):
    return Sample(int(t_ms * MS), 7, None if device_ms is None else device_ms * MS, (watts, rail))


def flags(annotator, samples):
    return [row.flags for row in annotator.rows(samples)]


def test_rows_are_the_samples():
    annotator, one = Annotator(Toy()), sample(10)
    assert annotator.rows([one])[0] == (one.t_ns, 7, None, 0, 0, one.values)
    assert annotator.rows([]) == []


def test_the_same_values_again_are_stale_for_a_register_and_a_reading_for_a_stream():
    again = [sample(0), sample(10), sample(20, 6.0), sample(30, 6.0)]
    assert flags(Annotator(Toy()), again) == [0, FLAG_STALE, 0, FLAG_STALE]
    assert flags(Annotator(Stream()), again) == [0, 0, 0, 0]


def test_power_that_is_not_positive_is_marked_where_it_counts():
    samples = [sample(0, 0.0), sample(10, -0.1), sample(20, None), sample(30, 1.0, rail=0.0), sample(40, math.nan)]
    annotator = Annotator(Toy())
    assert flags(annotator, samples) == [FLAG_NON_POSITIVE, FLAG_NON_POSITIVE, 0, 0, FLAG_NON_POSITIVE]
    assert annotator.statistics()["nonpositive"] == 3


def test_a_step_of_more_than_five_periods_is_a_gap():
    annotator = Annotator(Toy())
    assert flags(annotator, [sample(0, 1), sample(50, 2), sample(101, 3), sample(111, 4)]) == [0, 0, FLAG_AFTER_GAP, 0]
    assert annotator.take_gaps() == [Gap(50 * MS, 101 * MS)]
    assert annotator.take_gaps() == []
    assert (annotator.statistics()["gaps"], annotator.statistics()["missed"]) == (1, 4 + 4)


def test_the_device_clock_tells_gaps_from_late_arrivals():
    annotator = Annotator(Stream())
    samples = [sample(0, device_ms=0), sample(500, device_ms=10), sample(501, device_ms=20), sample(502, device_ms=90)]
    assert flags(annotator, samples) == [0, 0, 0, FLAG_AFTER_GAP]
    assert annotator.take_gaps() == [Gap(501 * MS, 502 * MS)]
    assert annotator.statistics()["missed"] == 6


def test_a_new_connection_is_a_segment_and_a_gap_however_short():
    annotator = Annotator(Toy())
    before = annotator.rows([sample(0, 1), sample(10, 2)])
    annotator.reconnected()
    after = annotator.rows([sample(20, 3), sample(30, 4)])
    assert [row.segment for row in before + after] == [0, 0, 1, 1]
    assert [row.flags for row in after] == [FLAG_AFTER_GAP, 0]
    assert annotator.take_gaps() == [Gap(10 * MS, 20 * MS)]


def test_a_device_clock_that_goes_back_is_a_new_segment():
    annotator = Annotator(Stream())
    rows = annotator.rows([sample(0, device_ms=500), sample(10, device_ms=0), sample(20, device_ms=10)])
    assert [row.segment for row in rows] == [0, 1, 1]
    assert [row.flags for row in rows] == [0, 0, 0]


def test_statistics_of_a_regular_and_of_no_stream():
    annotator = Annotator(Toy())
    empty = annotator.statistics()
    assert (empty["samples"], empty["achieved_Hz"], empty["jitter_max_ms"]) == (0, 0.0, 0.0)
    annotator.rows([sample(10 * n + (n == 50), n) for n in range(101)])
    statistics = annotator.statistics()
    assert (statistics["samples"], statistics["achieved_Hz"], statistics["missed"]) == (101, 100.0, 0)
    assert (statistics["jitter_p50_ms"], statistics["jitter_max_ms"]) == (0.0, 1.0)


def test_a_meter_without_a_whole_input_is_watched_on_all_its_channels():
    meter = Toy()
    meter.total = ()
    assert flags(Annotator(meter), [sample(0, 5.0, rail=0.0)]) == [FLAG_NON_POSITIVE]


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=200), st.floats(0, 1))
def test_quantiles_are_right_to_a_bin(values, share):
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    assert histogram.quantile(share) == pytest.approx(exact, rel=0.1, abs=1e-300)
    assert histogram.maximum == max(values)


def test_a_histogram_stays_small():
    histogram = Histogram()
    for _ in range(20000):
        histogram.add(random.expovariate(1e-6))
    assert len(histogram._counts) < 250
