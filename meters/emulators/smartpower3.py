"""An ODROID SmartPower3 whose first output feeds the emulated board."""

from meters.emulators.base import Emulator as Base
from meters.emulators.truth import Moment
from meters.smartpower3 import CHECKED_BYTES, checks

_SUPPLY_V, _OUTPUT_V = 20.5, 19.0
_CONVERTER_W, _CONVERTER_SHARE = 0.6, 0.07  # what an imagined converter loses


def frame(time_ms: int, watts: float) -> bytes:
    """One log line: `watts` at output 1, output 2 off."""
    head = b"%010lu," % time_ms
    head += _numbers(_SUPPLY_V, watts * (1 + _CONVERTER_SHARE) + _CONVERTER_W) + b",0,"
    head += _numbers(_OUTPUT_V, watts) + b",1,00,"
    head += _numbers(0.0, 0.0) + b",0,00,"
    return head + checks(head)


def _numbers(volts: float, watts: float) -> bytes:
    amps = watts / volts if volts else 0.0
    return b"%05d,%04d,%05d" % (round(volts * 1000), round(amps * 1000), round(watts * 1000))


class Emulator(Base):
    """115200 baud and 10 ms, unless told otherwise."""

    interval_s = 0.01
    most_W = 50.0  # of one output

    def frame(self, moment: Moment) -> bytes:
        return frame(moment.device_ms, moment.watts)

    def spoilt(self, frame: bytes) -> bytes:
        head = frame[:CHECKED_BYTES]
        return head + bytes([frame[CHECKED_BYTES] ^ 1]) + frame[CHECKED_BYTES + 1 :]
