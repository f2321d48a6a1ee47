"""A TC66C on the USB-C line of a board, ten new values a second."""

import struct
from typing import List

from meters.emulators.base import Asked, Reply
from meters.modbus import crc16
from meters.tc66 import ASK, BLOCK_BYTES, BLOCKS, cipher

USB_V = 20.0
MOST = 2**32 - 1  # steps of a number
_SERIAL, _RUNS, _CELSIUS = 48724, 40, 27


class Emulator(Asked):
    """Counts in its group 0."""

    baud = 115200
    interval_s = 0.1
    most_W = 5 * USB_V

    def __init__(self) -> None:
        self._heard = b""

    def answer(self, data: bytes) -> List[Reply]:
        self._heard += data
        asked = self._heard.count(ASK)
        self._heard = self._heard.rpartition(ASK)[2][-len(ASK) :]
        return [Reply(frame(self.moment.watts, self.moment.joules / 3600), True)] * asked

    def other(self, frame: bytes) -> bytes:
        """As long a reply as another meter of this maker has."""
        return frame[:130]

    def spoilt(self, frame: bytes) -> bytes:
        return bytes([frame[0] ^ 1]) + frame[1:]


def frame(watts: float, hours_Wh: float) -> bytes:
    """Three blocks, each with its check, encrypted."""
    amps = watts / USB_V
    first = struct.pack("<4s4sI28xI", b"TC66", b"1.18", _SERIAL, _RUNS)
    first += struct.pack("<3I", round(1e4 * USB_V), min(round(1e5 * amps), MOST), min(round(1e4 * watts), MOST))
    ohms = round(10 * USB_V / amps) if amps else 0
    second = struct.pack("<9I", ohms, round(1000 * hours_Wh / USB_V), round(1000 * hours_Wh), 0, 0, 0, _CELSIUS, 0, 0)
    return cipher().encrypt(b"".join(map(_block, BLOCKS, (first, second, b""))))


def _block(name: bytes, content: bytes) -> bytes:
    text = (name + content).ljust(BLOCK_BYTES - 4, b"\0")
    return text + struct.pack("<I", crc16(text))
