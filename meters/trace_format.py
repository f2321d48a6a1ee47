"""The columns and the metadata of a trace file: `power/<meter name>.<attempt>.arrow`, an Arrow IPC stream.

t_ns       int64    host CLOCK_MONOTONIC: middle of the read (polled), arrival of the frame's end (streamed)
read_ns    int32    how long the read took; 0 for streams
device_ns  int64    only for meters with a clock of their own
segment    int32    one more after each reconnection and each reset of the device's clock
flags      uint8    FLAG_* below
values     float32, counters float64; null = not available
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from meters.base import Channel, Meter, Row
from meters.clock import anchor, host_clock

SCHEMA = 1
METADATA_KEY = b"harness"
FLAG_STALE = 1  # the same values again: the sensor had not refreshed
FLAG_AFTER_GAP = 2  # the first sample after a gap
FLAG_NON_POSITIVE = 4  # a power of the whole input is zero or below
FLAG_NOT_AVAILABLE = 8  # a power of the whole input has no value
_COUNTER_UNITS = ("_Wh", "_J", "_Ah")


class TraceRow(NamedTuple):
    """One sample as it is stored."""

    t_ns: int
    read_ns: int
    device_ns: Optional[int]
    segment: int
    flags: int
    values: Row


def fixed_columns(device_clock: bool) -> List[Tuple[str, str]]:
    """Name and Arrow type of the columns that every trace has."""
    device = [("device_ns", "int64")] if device_clock else []
    return [("t_ns", "int64"), ("read_ns", "int32"), *device, ("segment", "int32"), ("flags", "uint8")]


def value_type(column: str) -> str:
    """Arrow type of a value column; a counter outgrows the 24 bits of a float32."""
    return "float64" if column.endswith(_COUNTER_UNITS) else "float32"


def describe(meter: Meter, kind: str, name: str, options: Dict[str, Any], attempt: int) -> Dict[str, Any]:
    """The metadata of a trace of an opened meter."""
    calibration = {"calibration": meter.calibration.content} if meter.calibration else {}
    return {
        "schema": SCHEMA,
        "meter": {"name": name, "kind": kind, "options": options, "identity": meter.identity()},
        "channels": [dict(channel._asdict()) for channel in declared(meter)],
        "total": list(meter.total),
        "period_s": meter.period_s,
        "transmission_s": meter.transmission_s,
        "clock": host_clock(),
        "anchor": anchor(),
        "simulated": meter.simulated,
        "replayed": meter.replayed,
        "attempt": attempt,
        **calibration,
    }


def manifest_entry(meta: Dict[str, Any], name: str) -> Dict[str, Any]:
    """What a manifest says of a meter whose trace has this metadata; `name`: the meter's in that run."""
    about = meta["meter"]
    calibration = {"calibration": meta["calibration"]} if "calibration" in meta else {}
    return {
        **calibration,
        "name": name,
        "kind": about["kind"],
        "channels": meta["channels"],
        "total": meta["total"],
        "period_s": meta["period_s"],
        "simulated": meta["simulated"],
        "replayed": bool(meta.get("replayed")),
        "identity": about.get("identity", {}),
    }


def declared(meter: Meter) -> Tuple[Channel, ...]:
    """The channels of an opened meter, as a calibration makes them."""
    if meter.calibration is None:
        return meter.channels
    channels: Tuple[Channel, ...] = meter.calibration.declared(meter.channels, meter.total)
    return channels
