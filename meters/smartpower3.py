"""Hardkernel ODROID SmartPower3: a bench supply with two outputs that logs itself, on its own clock.

Firmware v1.7 (2021-12) or later.  Logging is switched on in the device's menu; the host cannot do it.
"""

import re
import statistics
from functools import lru_cache
from typing import List, Optional, Sequence, Tuple

from meters.base import Channel, Sample
from meters.errors import MeterError
from meters.framed import Framed, Reading

FRAME_BYTES = 81
CHECKED_BYTES = 74  # both checks are over what stands before them
INTERVALS_MS = (5, 10, 50, 100, 500, 1000)  # the device's menu
_NUMBERS = rb"[-\d]\d{4},[-\d]\d{3},[-\d]\d{4},[01]"  # mV, mA, mW, state
_OUTPUT = rb",(" + _NUMBERS + rb",[0-9a-f]{2})"
_FRAME = re.compile(rb"(\d{10}),(" + _NUMBERS + rb")" + _OUTPUT + _OUTPUT + rb",[0-9a-f]{2},[0-9a-f]{2}\r\n\Z")
_NAMES = ("voltage_V", "current_A", "power_W")
_INPUT_NAMES = tuple("in_" + name for name in (*_NAMES, "low"))
_OUTPUT_NAMES = tuple(tuple(output + name for name in (*_NAMES, "on", "interrupt")) for output in ("out1_", "out2_"))
# The kernel's 4 kB are not half full then.  No multiples of an interval, so that some look comes just after a frame:
# see meters.timemap.
_WAKE_S, _FAST_WAKE_S = 0.1973, 0.0973
_PORT = Channel(
    "in",
    "supply_input",
    gain_error=0.03,
    accuracy_source="Hardkernel wiki: 3 % typical above 5 V and 1 A",
    resolution_W=0.001,
)


def checks(head: bytes) -> bytes:
    """The end of a frame that begins with `head`: the two's complement of its sum, and its xor."""
    folded = int.from_bytes(head, "big")
    for shift in (512, 256, 128, 64, 32, 16, 8):  # 3 times as fast as a loop over the bytes
        folded ^= folded >> shift
    return b"%02x,%02x\r\n" % (-sum(head) & 0xFF, folded & 0xFF)


def decode(frame: bytes) -> Reading:
    """Volts, amperes and watts of the input and both outputs, their states, and the device's time in ms."""
    frame = bytes(frame)
    match = _FRAME.match(frame)
    if match is None:
        raise MeterError(f"no whole SmartPower3 frame: {frame!r}")
    if frame[CHECKED_BYTES:] != checks(frame[:CHECKED_BYTES]):
        raise MeterError(f"wrong checks in SmartPower3 frame {frame!r}")
    time_ms, supply, *outputs = match.groups()
    reading: Reading = dict(zip(_INPUT_NAMES, _quantities(supply)))
    for names, output in zip(_OUTPUT_NAMES, outputs):
        reading.update(zip(names, _quantities(output)))
    reading["time_ms"] = int(time_ms)
    return reading


@lru_cache(maxsize=64)  # an output that is off says the same each time
def _quantities(fields: bytes) -> Tuple[float, ...]:
    """Volts, amperes and watts, and the states behind them."""
    volts, amps, watts, *states = fields.split(b",")
    return (int(volts) / 1000, int(amps) / 1000, int(watts) / 1000, *[int(state, 16) for state in states])


class Meter(Framed):
    """`output`: the one that feeds the board, 1 or 2.  `interval_ms`: as in the device's menu, 0 = see."""

    channels = (
        _PORT,
        _PORT._replace(name="out1", boundary="dc_input"),
        _PORT._replace(name="out2", boundary="dc_input"),
    )
    columns = tuple(
        f"{channel.name}_{quantity}" for channel in channels for quantity in ("power_W", "voltage_V", "current_A")
    )
    device_clock = True
    frame_bytes = FRAME_BYTES
    first_frames = 6  # to see the interval
    when_silent = "is logging switched on in the device's menu, and is this the right port?"
    decode = staticmethod(decode)

    def __init__(self, port: str, baud: int = 115200, interval_ms: int = 0, output: int = 1) -> None:
        if output not in (1, 2):
            raise MeterError(f"smartpower3 has outputs 1 and 2, so output={output} cannot feed the board")
        if baud <= 0:
            raise MeterError(f"smartpower3: baud={baud} is no line rate; the device's menu has 9600 to 921600")
        self.port, self.baud, self._interval_ms = port, baud, interval_ms
        self.total = (f"out{output}",)
        self.transmission_s = 10 * FRAME_BYTES / baud
        if interval_ms:
            _check_interval(interval_ms, baud)
            self.period_s = interval_ms / 1000

    def begun(self, samples: List[Sample]) -> None:
        if len(samples) < 2:
            raise MeterError(f"{self.port} sent a single frame and then nothing: {self.when_silent}")
        seen_ms = _interval_ms([sample.device_ns for sample in samples if sample.device_ns is not None], self.baud)
        if self._interval_ms not in (0, seen_ms):
            raise MeterError(
                f"{self.port} sends a frame every {seen_ms} ms, not {self._interval_ms}: "
                "set the interval in the device's menu, or leave interval_ms out"
            )
        self.period_s = seen_ms / 1000
        self.wake_s = _FAST_WAKE_S if seen_ms < 10 else _WAKE_S

    def device_ns(self, reading: Reading) -> Optional[int]:
        return int(reading["time_ms"] or 0) * 1000000


def _check_interval(interval_ms: int, baud: int) -> None:
    if interval_ms not in INTERVALS_MS:
        menu = ", ".join(map(str, INTERVALS_MS))
        raise MeterError(f"smartpower3: the device has no interval of {interval_ms} ms; its menu has {menu}")
    if interval_ms < _line_ms(baud):
        raise MeterError(
            f"smartpower3: {baud} baud cannot carry a frame every {interval_ms} ms, for one takes "
            f"{_line_ms(baud):.1f} ms: set the device and baud= to a faster line, or choose a longer interval"
        )


def _line_ms(baud: int) -> float:
    return 10 * FRAME_BYTES * 1000 / baud


def _interval_ms(device_ns: Sequence[int], baud: int) -> int:
    """The entry of the device's menu that the first frames keep to.

    One that was lost to garbage leaves a step twice as long; nothing makes steps shorter.
    """
    steps = [b - a for a, b in zip(device_ns, device_ns[1:]) if b > a] or [0]
    seen = statistics.median(step for step in steps if step <= 1.5 * min(steps)) / 1e6
    nearest = min(INTERVALS_MS, key=lambda interval: abs(interval - seen))
    if abs(nearest - seen) > 0.2 * nearest:
        raise MeterError(
            f"smartpower3: a frame comes every {seen:g} ms, which is no interval of the device's menu: at "
            f"{baud} baud a frame takes {_line_ms(baud):.1f} ms, so choose a longer interval or a faster line"
        )
    return nearest
