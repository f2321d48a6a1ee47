"""A UM34C between supply and board, new values twice a second."""

from functools import reduce
from operator import xor
from typing import List

from meters.emulators.base import Asked, Reply
from meters.um import ASK, CHECKED, FIELDS

USB_V = 5.1
_UM34C, _CELSIUS, _FAHRENHEIT, _NO_LOAD_OHM = 0x0D4C, 27, 81, 9999.9
_BEFORE_THE_CHECK = 0x8000


class Emulator(Asked):
    """Counts in its group 0."""

    baud = 9600
    interval_s = 0.5
    most_W = 4 * USB_V

    def answer(self, data: bytes) -> List[Reply]:
        return [Reply(frame(self.moment.mean_watts, self.moment.joules / 3600), True)] * data.count(ASK)

    def other(self, frame: bytes) -> bytes:
        """A model that nobody knows."""
        return b"\x01\x01" + frame[2:]

    def spoilt(self, frame: bytes) -> bytes:
        return frame[:-1] + bytes([frame[-1] ^ 1])


def frame(watts: float, hours_Wh: float) -> bytes:
    """All 130 bytes; what a board does not show to the meter stays 0."""
    amps = watts / USB_V
    steps_A, steps_W = min(round(1000 * amps), 2**16 - 1), min(round(1000 * watts), 2**32 - 1)
    readings = [_UM34C, round(100 * USB_V), steps_A, steps_W, _CELSIUS, _FAHRENHEIT, 0]
    group = [round(1000 * hours_Wh / USB_V), round(1000 * hours_Wh)]
    ohms = round(10 * min(USB_V / amps if amps else _NO_LOAD_OHM, _NO_LOAD_OHM))
    text = FIELDS.pack(*readings, *group, *[0] * 18, *[0] * 10, ohms, 0, _BEFORE_THE_CHECK)
    return text[:-1] + bytes([reduce(xor, (text[position] for position in CHECKED))])
