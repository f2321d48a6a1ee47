"""A microcontroller with a current sensor that prints a line per measurement: as csv, json or kv."""

import math

from meters.emulators.base import Emulator as Base
from meters.emulators.truth import Moment
from meters.errors import MeterError
from meters.line_format import FORMATS, xor_check

LINE_V = 19.0
MOST_MA = 8191.75  # of 81.92 mV at 10 mOhm; there the chip stays, and its sketch tells no number any more


class Emulator(Base):
    """csv is what firmware/ina226_line prints; the other two have no check."""

    interval_s = 0.01
    variant_option = "format"

    def __init__(self, variant: str = "csv") -> None:
        if variant not in FORMATS:
            raise MeterError(f"no line variant {variant!r}; there are: {', '.join(FORMATS)}")
        self._variant, self._sequence = variant, 0

    def frame(self, moment: Moment) -> bytes:
        self._sequence += 1
        milliamps = 1000 * moment.watts / LINE_V
        milliamps = milliamps if milliamps < MOST_MA else math.nan
        milliwatts = LINE_V * milliamps
        if self._variant == "json":
            amps = b"null" if math.isnan(milliamps) else b"%.4f" % (milliamps / 1000)
            return b'{"ms": %d, "v": %.3f, "i": %s}\r\n' % (moment.device_ms, LINE_V, amps)
        if self._variant == "kv":
            return b"V=%.3f A=%.4f W=%.4f\r\n" % (LINE_V, milliamps / 1000, milliwatts / 1000)
        numbers = (self._sequence - 1, moment.device_ms, 1000 * LINE_V, milliamps, milliwatts)
        text = b"%d,%d000,%.2f,%.2f,%.2f" % numbers
        return text + b"*" + xor_check(text) + b"\r\n"

    def spoilt(self, frame: bytes) -> bytes:
        """A letter where a digit or a check was."""
        return frame[:-3] + b"x" + frame[-2:]
