"""A recorded trace played back is the same samples, channels and marks, at the same distances."""

import pytest

from meters import replay, replay_trace
from meters.base import Channel
from meters.base import Meter as AnyMeter
from meters.errors import MeterError
from meters.spec import MeterSpec
from meters.trace_format import TraceRow, describe
from meters.trace_write import TraceWriter

SECOND = 10**9


class Recorded(AnyMeter):
    channels = (Channel("in", "supply_input", gain_error=0.03), Channel("out", "dc_input", "mean_over_period"))
    columns = ("in_power_W", "out_power_W", "energy_Wh")
    total = ("out",)
    period_s = 0.5
    simulated = True


ROWS = (
    TraceRow(7 * SECOND, 1000, None, 0, 0, (20.0, 15.0, 0.0)),
    TraceRow(7 * SECOND + 500000000, 2000, None, 0, 0, (21.0, None, 123456789.125)),
    TraceRow(9 * SECOND, 0, None, 1, 2, (22.0, -0.5, 123456789.25)),
)


@pytest.fixture
def trace(tmp_path):
    path = str(tmp_path / "bench.1.arrow")
    writer = TraceWriter(path, Recorded.columns, False, describe(Recorded(), "toy", "bench", {"port": "x"}, 1))
    writer.append(ROWS)
    writer.close()
    return path


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""
    now = [100 * SECOND]
    monkeypatch.setattr(replay_trace, "monotonic_ns", lambda: now[0])
    return now


def test_channels_total_period_and_marks_are_those_of_the_recording(trace):
    meter = replay.Meter(trace)
    assert meter.channels == Recorded.channels and meter.columns == Recorded.columns
    assert (meter.total, meter.period_s) == (("out",), 0.5)
    assert meter.replayed and meter.simulated
    assert meter.identity()["recorded"]["name"] == "bench" and meter.identity()["recorded_clock"]["boot_id"]


def test_each_sample_comes_once_at_its_old_distance(trace, clock):
    with replay.Meter(trace) as meter:
        (first,) = meter.samples()
        assert (first.t_ns, first.read_ns, first.values) == (100 * SECOND, 1000, (20.0, 15.0, 0.0))
        clock[0] += SECOND // 2 - 1
        assert meter.samples() == []
        clock[0] += 5 * SECOND
        late = meter.samples()
    assert [sample.t_ns - 100 * SECOND for sample in late] == [SECOND // 2, 2 * SECOND]
    assert late[0].values == (21.0, None, 123456789.125)
    assert late[1].values == (22.0, -0.5, 123456789.25)


def test_the_end_is_an_error_that_opening_again_does_not_hide(trace, clock):
    meter = replay.Meter(trace)
    meter.open()
    clock[0] += 3 * SECOND
    assert len(meter.samples()) == 3
    for call in (meter.samples, meter.open):
        with pytest.raises(MeterError, match="at its end after 2.0 s.*repeat=yes"):
            call()


def test_repeated_it_begins_again_after_one_period(trace, clock):
    with replay.Meter(trace, repeat=True) as meter:
        clock[0] += 2 * SECOND
        assert len(meter.samples()) == 3
        clock[0] += SECOND
        assert [sample.t_ns for sample in meter.samples()] == [102 * SECOND + SECOND // 2, 103 * SECOND]


def test_it_is_asked_for_like_any_meter(trace):
    meter = MeterSpec.parse(f"replay:path={trace},repeat=yes,accuracy=1%+2mW").create()
    assert meter.channels[0].gain_error == 0.01 and meter.channels[0].boundary == "supply_input"


def test_a_trace_without_samples_or_that_is_none(tmp_path):
    path = str(tmp_path / "empty.arrow")
    TraceWriter(path, Recorded.columns, False, describe(Recorded(), "toy", "bench", {}, 1)).close()
    with pytest.raises(MeterError, match="no samples"):
        replay.Meter(path)
    (tmp_path / "text.arrow").write_text("watts")
    with pytest.raises(MeterError):
        replay.Meter(str(tmp_path / "text.arrow"))
