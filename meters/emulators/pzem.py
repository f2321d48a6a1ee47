"""A PZEM module: ac or dc is what it is asked for, one new value a second."""

from typing import List

from meters.emulators.base import Asked, Reply
from meters.modbus import READ_HOLDING, READ_INPUT, read_request, with_crc
from meters.pzem import REGISTERS, SHUNT_REGISTER

ADDRESS = 1
WALL_V, LINE_V, WALL_HZ, POWER_FACTOR = 230.0, 19.0, 50.0, 0.95
_REQUEST_BYTES = 8
_NO_SUCH_REGISTER = 2


class Emulator(Asked):
    """Answers at address 1 and at the address for any module."""

    baud = 9600

    def __init__(self) -> None:
        self._heard = b""

    def answer(self, data: bytes) -> List[Reply]:
        self._heard += data
        if len(self._heard) < _REQUEST_BYTES:  # nothing at all when the other end has hung up
            return []
        request, self._heard = self._heard[:_REQUEST_BYTES], self._heard[_REQUEST_BYTES:]
        address = request[0]
        watts, hours_Wh = self.moment.mean_watts, self.moment.joules / 3600
        if request == read_request(address, READ_HOLDING, SHUNT_REGISTER, 1):
            return [Reply(_reply(READ_HOLDING, [0]))]
        if request == read_request(address, READ_INPUT, 0, REGISTERS["ac"]):
            return [Reply(_reply(READ_INPUT, ac_registers(watts, hours_Wh)), True)]
        if request == read_request(address, READ_INPUT, 0, REGISTERS["dc"]):
            return [Reply(_reply(READ_INPUT, dc_registers(watts, hours_Wh)), True)]
        return []

    def other(self, frame: bytes) -> bytes:
        """A module of the other kind refuses: it has no such registers."""
        return with_crc(bytes([ADDRESS, frame[1] | 0x80, _NO_SUCH_REGISTER]))

    def spoilt(self, frame: bytes) -> bytes:
        return frame[:-1] + bytes([frame[-1] ^ 1])


def _most(number: float, bits: int) -> int:
    """The number, or the largest that the registers hold."""
    return min(round(number), 2**bits - 1)


def ac_registers(watts: float, hours_Wh: float) -> List[int]:
    milliamps = _most(1000 * watts / (WALL_V * POWER_FACTOR), 32)
    pairs = [*_pair(milliamps), *_pair(_most(10 * watts, 32)), *_pair(int(hours_Wh))]
    return [round(10 * WALL_V), *pairs, round(10 * WALL_HZ), round(100 * POWER_FACTOR), 0]


def dc_registers(watts: float, hours_Wh: float) -> List[int]:
    steps_A, steps_W = _most(100 * watts / LINE_V, 16), _most(10 * watts, 32)
    return [round(100 * LINE_V), steps_A, *_pair(steps_W), *_pair(int(hours_Wh)), 0, 0]


def _pair(number: int) -> List[int]:
    return [number & 0xFFFF, number >> 16]


def _reply(function: int, registers: List[int]) -> bytes:
    data = b"".join(register.to_bytes(2, "big") for register in registers)
    return with_crc(bytes([ADDRESS, function, len(data)]) + data)
