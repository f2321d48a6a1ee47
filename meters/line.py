"""Any microcontroller that prints a line per measurement, as one with an INA219, INA226, INA228 or INA260 does.

`firmware/ina226_line` prints `seq,us,mV,mA,mW*hh`, which is what the options stand for when they are left out.
"""

import re
from typing import Any, Dict, List, Optional, Tuple

from meters.base import BOUNDARIES, Channel, Row, Sample
from meters.errors import MeterError
from meters.framed import Framed
from meters.line_format import layout, parse

CHANNEL = "line"
LEARNT_S = 1.0  # so long the lines are watched to see how often they come
OF_THE_METER = ("energy_Wh", "energy_J", "temperature_C", "seq")


def decode(
    frame: bytes, format: str = "csv", columns: str = "seq+us+mV+mA+mW", checksum: str = "xor"
) -> Dict[str, Any]:
    """Quantities by name for a declared line; see `meters.line_format`."""
    return parse(frame, layout(format, columns, checksum))


class Meter(Framed):
    """`format`: csv, json or kv.  `columns`: units in order, or field:unit.  `checksum`: none or xor (`*hh`).

    `skip`: a regular expression for lines that are no measurements.  `period_ms`: found out when left out.
    """

    first_frames = 11
    wake_s = 0.0473  # no multiple of a usual interval, so that some look comes just after a line: see meters.timemap
    when_silent = "is it powered, does it print by itself, and is this the right port?"

    def __init__(
        self,
        port: str,
        baud: int = 115200,
        format: str = "csv",
        columns: str = "seq+us+mV+mA+mW",
        checksum: str = "xor",
        skip: str = "",
        period_ms: float = 0.0,
        boundary: str = "dc_input",
    ) -> None:
        self.port, self.baud = port, baud
        self._layout = layout(format, columns, checksum)
        quantities = {quantity for _, quantity, _ in self._layout.fields} | {"power_W"}
        self.device_clock = "device_s" in quantities
        self._quantities = ("power_W", *sorted(quantities - {"power_W", "device_s"}))
        self.columns = tuple(name if name in OF_THE_METER else f"{CHANNEL}_{name}" for name in self._quantities)
        if boundary not in BOUNDARIES:
            raise MeterError(f"line: boundary={boundary} is unknown; there are: {', '.join(BOUNDARIES)}")
        self.channels = (Channel(CHANNEL, boundary),)
        self.total = (CHANNEL,)
        self._period_s = period_ms / 1000  # 0 until it is known
        self.first_s = 0.0 if self.device_clock or period_ms else LEARNT_S
        self._skip = _expression(skip)
        self.missed, self._seq = 0, None  # type: int, Optional[float]

    def decode(self, frame: bytes) -> Dict[str, Any]:  # type: ignore[override]
        return parse(frame, self._layout)

    def split(self, data: bytes) -> Tuple[List[bytes], bytes]:
        frames, rest = super().split(data)
        return [frame for frame in frames if frame.strip() and not self._skip.search(frame)], rest

    def device_ns(self, reading: Dict[str, Any]) -> Optional[int]:
        return round(reading["device_s"] * 1e9) if self.device_clock else None

    def row(self, reading: Dict[str, Any]) -> Row:
        """Counts the lines that a sequence number shows to be lost."""
        seq = reading.get("seq")
        if seq is not None and self._seq is not None:
            self.missed += max(0, round(seq - self._seq) - 1)
        self._seq = seq
        return tuple(reading[quantity] for quantity in self._quantities)

    def begun(self, samples: List[Sample]) -> None:
        self._period_s = self.period_s = self._period_s or _period_s(samples)


def _period_s(samples: List[Sample]) -> float:
    """The slope of time over count, for lines that are fetched together seem to have come together."""
    times = [sample.t_ns if sample.device_ns is None else sample.device_ns for sample in samples]
    if len(times) < 2 or times[-1] <= times[0]:
        raise MeterError("line: how often it prints cannot be told from its first lines; state it, as in period_ms=100")
    middle = (len(times) - 1) / 2
    counts = [n - middle for n in range(len(times))]
    slope_ns = sum(count * (t - times[0]) for count, t in zip(counts, times)) / sum(count**2 for count in counts)
    return slope_ns / 1e9


def _expression(skip: str) -> Any:
    try:
        return re.compile((skip or r"\Z(?!\Z)").encode())
    except re.error as error:
        raise MeterError(f"line: skip={skip} is no regular expression: {error}") from None
