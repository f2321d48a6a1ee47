"""Traces: what was recorded is what is read, gaps are known, energy is that of the whole input or of a channel."""

import math

import numpy as np
import pytest

from meters.errors import MeterError
from meters.integrate import integrate
from meters.trace import Trace
from meters.trace_format import FLAG_AFTER_GAP
from tests.meters.traces import MS, SECOND, Clocked, Toy, row, write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bench.3.arrow"


@pytest.mark.parametrize("close", [True, False])
def test_what_was_written_is_read(path, close):
    rows = [row(100 * n, (n, None, 0.5, 2.0**30 + n), flags=n % 8, segment=n // 13) for n in range(25)]
    trace = Trace.open(write(path, rows, close=close))
    assert trace.t_ns.tolist() == [one.t_ns for one in rows] and trace.t_ns.dtype == np.int64
    assert trace.flags.tolist() == [one.flags for one in rows] and trace.flags.dtype == np.uint8
    assert trace.segment.tolist() == [one.segment for one in rows]
    assert trace.column("read_ns").tolist() == [1000] * 25
    assert trace.power_W("a").tolist() == list(range(25)) and trace.power_W("a").dtype == np.float32
    assert np.isnan(trace.column("b_power_W")).all()
    assert trace.column("energy_Wh").tolist() == [2.0**30 + n for n in range(25)], "a counter keeps all its digits"


def test_closing_leaves_one_large_batch_and_nothing_else(path):
    rows = [row(100 * n) for n in range(500)]
    small = len(open(write(path, rows, close=False), "rb").read())
    path.unlink()
    write(path, rows)
    assert path.stat().st_size < small / 2
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_trace_is_never_appended_to_nor_overwritten(path):
    write(path, [row(0)])
    with pytest.raises(FileExistsError):
        write(path, [row(1)])


def test_metadata_say_what_was_measured_and_when(path):
    trace = Trace.open(write(path, [row(0)]))
    assert trace.meta["meter"] == {"name": "bench", "kind": "toy", "options": {"port": "/dev/x"}, "identity": {}}
    assert (trace.channels, trace.total, trace.period_s) == (Toy.channels, ("a", "b"), 0.1)
    assert (trace.simulated, trace.replayed, trace.meta["attempt"]) == (False, False, 3)
    assert set(trace.clock) == {"host", "boot_id"}


def test_an_empty_trace_has_no_samples_and_no_energy(path):
    trace = Trace.open(write(path, []))
    assert (len(trace.t_ns), trace.gaps(), trace.coverage(0, 1)) == (0, [], 0.0)
    with pytest.raises(ValueError, match="there are no samples"):
        trace.energy_J(0, 1)


def test_the_whole_input_is_the_sum_of_its_channels_each_by_its_shape(path):
    rows = [row(100 * n, (n, 2 * n, 0.5, 0)) for n in range(21)]
    trace = Trace.open(write(path, rows))
    seconds, start, stop = [n / 10 for n in range(21)], 330 * MS, 1270 * MS
    a = integrate(seconds, range(21), 0.33, 1.27)
    b = integrate(seconds, range(0, 42, 2), 0.33, 1.27, shape="mean_over_period")
    assert trace.energy_J(start, stop, "a") == pytest.approx(a, rel=1e-12)
    assert trace.energy_J(start, stop, "b") == pytest.approx(b, rel=1e-12)
    assert trace.energy_J(start, stop) == pytest.approx(a + b, rel=1e-12)
    assert trace.energies_J([start, SECOND, stop]).sum() == pytest.approx(a + b, rel=1e-12)
    assert trace.power_W().tolist() == [3 * n for n in range(21)]


def test_gaps_are_steps_of_more_than_five_periods(path):
    times = [0, 100, 200, 700, 800, 1301, 1400]
    trace = Trace.open(write(path, [row(t) for t in times]))
    assert trace.gaps() == [(800 * MS, 1301 * MS)]
    assert trace.gaps(0.4) == [(200 * MS, 700 * MS), (800 * MS, 1301 * MS)]
    assert trace.coverage(0, 1400 * MS) == pytest.approx(1 - 501 / 1400)
    assert trace.coverage(-100 * MS, 100 * MS) == 0.5
    assert trace.coverage(900 * MS, 1000 * MS) == 0.0


@pytest.mark.parametrize("block", [1, 2, 3, 1000])
def test_gaps_are_found_wherever_a_block_of_samples_ends(path, monkeypatch, block):
    monkeypatch.setattr("meters.trace._BLOCK", block)
    trace = Trace.open(write(path, [row(t) for t in (0, 100, 800, 900, 1600, 1700)]))
    assert trace.gaps() == [(100 * MS, 800 * MS), (900 * MS, 1600 * MS)]


def test_where_the_recorder_lost_its_meter_is_a_gap_however_short(path):
    flags = {200: FLAG_AFTER_GAP, 600: FLAG_AFTER_GAP, 1700: FLAG_AFTER_GAP}
    rows = [row(t, segment=t // 600, flags=flags.get(t, 0)) for t in (0, 100, 200, 300, 600, 700, 1700)]
    trace = Trace.open(write(path, rows))
    assert trace.gaps() == [(100 * MS, 200 * MS), (300 * MS, 600 * MS), (700 * MS, 1700 * MS)]
    assert trace.gaps(0.25) == [(300 * MS, 600 * MS), (700 * MS, 1700 * MS)]
    assert trace.coverage(0, 700 * MS) == pytest.approx(3 / 7)
    with pytest.raises(ValueError, match="no samples for 0.300 s"):
        trace.energy_J(300 * MS, 700 * MS)


def test_what_was_recorded_leaves_out_samples_without_power(path):
    values = [(1.0 + n, None if n == 2 else 2.0, 0.5, 0.0) for n in range(5)]
    trace = Trace.open(write(path, [row(100 * n, one) for n, one in enumerate(values)]))
    t_ns, watts = trace.recorded()
    assert (t_ns.tolist(), watts.tolist()) == ([0, 100 * MS, 300 * MS, 400 * MS], [3, 4, 6, 7])
    assert trace.recorded("a")[1].tolist() == [1, 2, 3, 4, 5]


def test_a_window_with_a_gap_has_no_energy(path):
    trace = Trace.open(write(path, [row(t) for t in (0, 100, 200, 900, 1000)]))
    assert trace.energy_J(0, 200 * MS) == pytest.approx(0.6)
    assert trace.energy_J(900 * MS, SECOND) == pytest.approx(0.3)
    assert trace.energy_J(0, SECOND, max_gap_s=1.0) == pytest.approx(3.0)
    with pytest.raises(ValueError, match="no samples for 0.700 s of the window"):
        trace.energy_J(0, SECOND)
    with pytest.raises(ValueError, match="no samples for 0.100 s"):
        trace.energy_J(0, 200 * MS, max_gap_s=0.05)
    with pytest.raises(ValueError, match="is not covered"):
        trace.energy_J(900 * MS, 1001 * MS)


def test_a_sample_without_power_is_none(path):
    values = [(1.0, None if 3 <= n < 12 else 2.0, 0.5, 0.0) for n in range(20)]
    trace = Trace.open(write(path, [row(100 * n, one) for n, one in enumerate(values)]))
    assert trace.gaps() == trace.gaps(channel="b") == [(200 * MS, 1200 * MS)]
    assert trace.gaps(channel="a") == []
    assert trace.energy_J(0, 1900 * MS, "a") == pytest.approx(1.9)
    assert trace.energy_J(0, 1900 * MS, "b", max_gap_s=2.0) == pytest.approx(3.8)
    with pytest.raises(ValueError, match="no samples for 1.000 s"):
        trace.energy_J(0, 1900 * MS)


def test_a_channel_that_is_not_there_is_named_with_those_that_are(path):
    trace = Trace.open(write(path, [row(0), row(100)]))
    with pytest.raises(MeterError, match="no channel 'c'; there are: a, b, rail"):
        trace.power_W("c")
    with pytest.raises(MeterError, match="no column 'x'; there are: t_ns, read_ns, segment, flags, a_power_W"):
        trace.column("x")


def test_without_a_whole_input_a_channel_must_be_named(path):
    meter = Toy()
    meter.total = ()
    trace = Trace.open(write(path, [row(0), row(100)], meter))
    assert trace.gaps() == []
    with pytest.raises(MeterError, match="no channel of this meter is the whole input; name one: a, b, rail"):
        trace.energy_J(0, 100 * MS)


def test_the_device_clock_dates_the_samples(path):
    """Arrivals come up to 60 ms late; the least late frame and the time on the line tell when they were taken."""
    late = [(37 * n) % 60 for n in range(200)]
    rows = [row(5000 + 100 * n + 7 + late[n], device_ms=40 + 100 * n) for n in range(200)]
    trace = Trace.open(write(path, rows, Clocked()))
    assert trace.t_ns.tolist() == [(5000 + 100 * n) * MS for n in range(200)]


def test_missing_device_milliseconds_are_a_gap_and_late_arrivals_are_not(path):
    devices = [100 * n for n in range(40) if not 10 <= n < 17]
    held_up = [max(device, 2500 + n) if 2100 < device < 3300 else device for n, device in enumerate(devices)]
    rows = [row(held + 7 + n / 1000, device_ms=device) for n, (held, device) in enumerate(zip(held_up, devices))]
    trace = Trace.open(write(path, rows, Clocked()))
    ((start, stop),) = trace.gaps()
    assert (stop - start) / MS == pytest.approx(800, abs=0.1)


def test_a_reset_of_the_device_clock_begins_a_new_mapping(path):
    before = [row(1000 + 100 * n, device_ms=90000 + 100 * n) for n in range(10)]
    after = [row(5000 + 100 * n, device_ms=100 * n, segment=1) for n in range(10)]
    trace = Trace.open(write(path, before + after, Clocked()))
    expected = [1000 + 100 * n - 7 for n in range(10)] + [5000 + 100 * n - 7 for n in range(10)]
    assert trace.t_ns.tolist() == [t * MS for t in expected]
    assert trace.gaps() == [(1893 * MS, 4993 * MS)]


def test_times_increase_also_across_a_segment_of_one_late_sample(path):
    rows = [row(100, device_ms=100), row(260, device_ms=200, segment=1), row(270, device_ms=290, segment=2)]
    trace = Trace.open(write(path, rows + [row(400, device_ms=390, segment=2)], Clocked()))
    assert np.all(np.diff(trace.t_ns) > 0)


def test_energy_of_a_known_sine_is_its_integral(path):
    def watts(t_ms):
        return 9 + 4 * math.sin(2 * math.pi * t_ms / 4000)

    rows = [row(10 * n, (watts(10 * n), 0, 0, 0)) for n in range(1001)]
    meter = Toy()
    meter.period_s = 0.01
    assert Trace.open(write(path, rows, meter)).energy_J(0, 8 * SECOND, "a") == pytest.approx(72, rel=1e-5)
