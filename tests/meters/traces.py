"""Traces of a toy meter, written as the recorder writes them."""

from typing import List, Optional, Sequence

from meters.base import Channel, Meter
from meters.trace_format import TraceRow, describe
from meters.trace_write import TraceWriter

MS = 10**6
SECOND = 10**9


class Toy(Meter):
    """Two inputs that add up, one rail within them, a counter."""

    channels = (
        Channel("a", "dc_input", gain_error=0.01),
        Channel("b", "dc_input", "mean_over_period"),
        Channel("rail", "rail", "lowpass", tau_s=0.43),
    )
    columns = ("a_power_W", "b_power_W", "rail_power_W", "energy_Wh")
    total = ("a", "b")
    period_s = 0.1


class Clocked(Toy):
    device_clock = True
    transmission_s = 0.007


def row(
    t_ms: float,
    values: Sequence[Optional[float]] = (1.0, 2.0, 0.5, 0.0),
    device_ms: Optional[int] = None,
    segment: int = 0,
    flags: int = 0,
) -> TraceRow:
    return TraceRow(int(t_ms * MS), 1000, None if device_ms is None else device_ms * MS, segment, flags, tuple(values))


def write(path, rows: List[TraceRow], meter: Optional[Meter] = None, batch: int = 10, close: bool = True) -> str:
    """The path of a trace with the rows in batches of `batch`."""
    meter = meter or Toy()
    writer = TraceWriter(
        str(path), meter.columns, meter.device_clock, describe(meter, "toy", "bench", {"port": "/dev/x"}, 3)
    )
    for first in range(0, len(rows), batch):
        writer.append(rows[first : first + batch])
        writer.sync()
    if close:
        writer.close()
    return str(path)
