"""What the recorder adds to samples: segments, flags, gaps, and statistics in constant memory."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recording.annotate import Annotator, Gap
from harness.recording.histogram import Histogram
from harness.recording.refresh import Refresh
from meters import powersensor3
from meters.base import Channel, Meter, Sample
from meters.emulators import powersensor3 as emulated
from meters.powersensor3_sensors import Sensor
from meters.trace_format import FLAG_AFTER_GAP, FLAG_NON_POSITIVE, FLAG_NOT_AVAILABLE, FLAG_STALE

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
    low, none = FLAG_NON_POSITIVE, FLAG_NOT_AVAILABLE
    assert flags(annotator, samples) == [low, low, none, 0, none]
    statistics = annotator.statistics()
    assert (statistics["nonpositive"], statistics["not_available"]) == (2, 2)
    assert annotator.take_doubts() == [
        "power of in is 0 W: is the board on, and the current wired the right way round?",
        "in has no value: is its rail switched off, or its range exceeded?",
    ]
    assert flags(annotator, [sample(50, -1.0)]) == [low] and annotator.take_doubts() == [], "said once"


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
    after = annotator.rows([None, sample(20, 3), sample(30, 4)])
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
    assert len(histogram._counts) < 1000 and len(histogram._pile) < 5000


@given(st.lists(st.floats(0, 1e12), max_size=50), st.lists(st.floats(0, 1e12), min_size=1, max_size=50))
def test_values_one_by_one_and_together_are_the_same(first, second):
    one, other = Histogram(), Histogram()
    for value in first + second:
        one.add(value)
    other.extend(np.array(first))
    assert other.maximum == max(first or [0.0])
    other.extend(np.array(second))
    assert (one.maximum, one.n) == (other.maximum, len(first) + len(second))
    assert [one.quantile(share) for share in (0, 0.3, 1)] == [other.quantile(share) for share in (0, 0.3, 1)]


@pytest.mark.parametrize("refresh_ms, read_ms, expected_s", [(100, 10, 0.1), (430, 100, 0.4), (5, 10, 0.01)])
def test_the_interval_at_which_a_sensor_really_refreshes(refresh_ms, read_ms, expected_s):
    """Noise in every new value; what is read in between are repeats."""
    refresh = Refresh(["in", "still"])
    times = np.arange(0, 30000, read_ms)
    values = np.random.RandomState(1).normal(5, 0.1, 30001)[times // refresh_ms]
    for first in range(0, len(times), 37):
        part = slice(first, first + 37)
        refresh.update((times[part] * MS).tolist(), np.array([values[part], np.ones(len(values[part]))]))
    found = refresh.seconds()
    assert found["in"] == pytest.approx(expected_s, rel=0.02) and found["still"] is None


def test_what_has_no_value_has_not_refreshed():
    refresh = Refresh(["in"])
    for n in range(100):
        refresh.update([n * 10 * MS], np.array([[math.nan if n % 2 else float(n)]]))
    assert refresh.seconds()["in"] == pytest.approx(0.02, rel=0.02)


def test_samples_that_a_powersensor3_lost_are_a_gap_of_the_time_that_passed_on_the_host():
    meter, n_read, lost = powersensor3.Meter("unused", rate=1000.0), 100, 3260
    meter.configure((emulated.CURRENT, emulated.VOLTAGE, *[Sensor(in_use=False)] * 6))
    samples = []
    for start in [*range(0, 2000, n_read), *range(2000 + lost, 4000 + lost, n_read)]:
        stamps = [emulated.word(7, True, 50 * n % 1024) for n in range(start, start + n_read)]
        data = b"".join(stamp + emulated.word(0, False, 536) + emulated.word(1, False, 648) for stamp in stamps)
        samples += meter.feed(data, 50000 * (start + n_read))
    annotator = Annotator(meter)
    flagged = [row for row in annotator.rows(samples) if row.flags & FLAG_AFTER_GAP]
    (gap,) = annotator.take_gaps()
    assert [row.segment for row in flagged] == [1] and len(samples) >= 197
    assert gap.stop_ns - gap.start_ns == pytest.approx(50000 * lost, abs=3e6)
    assert annotator.statistics()["missed"] == pytest.approx(163, abs=3)
