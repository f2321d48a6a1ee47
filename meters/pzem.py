"""PZEM modules over Modbus RTU: 004T v3, 014 and 016 at the wall (ac), 003 and 017 in a DC line (dc).

About one new value a second.  Steps of 0.1 W, and of 10 mA in the dc kind: coarse for a board that idles.
"""

import struct
from typing import Any, Dict

from meters.base import Channel, Row
from meters.errors import MeterError
from meters.modbus import READ_HOLDING, READ_INPUT, check_reply, read_request
from meters.queried import Queried
from meters.saturated import unless_full

REGISTERS = {"ac": 10, "dc": 8}
QUANTITIES = {
    "ac": ("power_W", "voltage_V", "current_A", "power_factor", "frequency_Hz"),
    "dc": ("power_W", "voltage_V", "current_A"),
}
# No document says what lies between two values: each is taken for the mean since the one before.
_AC = Channel("wall", "ac_wall", "mean_over_period", resolution_W=0.1)
_DC = Channel("line", "dc_input", "mean_over_period", resolution_W=0.1)
CHANNELS = {
    "ac": _AC._replace(gain_error=0.005, accuracy_source="PZEM-004T v3 manual: 0.5 %, from 0.4 W"),
    "dc": _DC._replace(gain_error=0.01, accuracy_source="PZEM-017 manual: 1 %"),
}
ANY_ADDRESS = 0xF8  # understood by every module; for one module on the line
SHUNT_REGISTER = 3
SHUNTS_A = (100, 50, 200, 300)


def decode(frame: bytes, variant: str = "") -> Dict[str, Any]:
    """Quantities by name.  The kind of module shows in the length of its reply; `variant` insists on ac or dc."""
    data = check_reply(frame, READ_INPUT)
    kind = {2 * count: kind for kind, count in REGISTERS.items()}.get(len(data))
    if kind is None or variant not in ("", kind):
        raise MeterError(f"reply with {len(data)} bytes of registers: no PZEM {variant or 'module'} sends that")
    return _ac(data) if kind == "ac" else _dc(data)


class Meter(Queried):
    """`variant`: ac or dc.  `address`: 1 to 247, or 248 for any when there is a single module on the line."""

    period_s = 1.0
    baud = 9600
    in_step = True
    when_silent = "has the module mains or, below 7 V, a 5 V supply, and is its address right?"

    def __init__(self, port: str, variant: str = "ac", address: int = ANY_ADDRESS) -> None:
        if variant not in REGISTERS:
            raise MeterError(f"pzem: variant={variant} is unknown; there are: ac (004T v3, 014, 016) and dc (003, 017)")
        if not 1 <= address <= ANY_ADDRESS:
            raise MeterError(f"pzem: address={address} is not from 1 to {ANY_ADDRESS} (any)")
        self.port, self._variant, self._address = port, variant, address
        self._shunt = "not stated"
        self.stop_bits = 2 if variant == "dc" else 1
        self.request = read_request(address, READ_INPUT, 0, REGISTERS[variant])
        self.reply_length = 2 * REGISTERS[variant] + 5
        self.channels = (CHANNELS[variant],)
        self.total = (self.channels[0].name,)
        self.columns = (*(f"{self.total[0]}_{quantity}" for quantity in QUANTITIES[variant]), "energy_Wh")

    def decode(self, reply: bytes) -> Dict[str, Any]:
        return decode(reply, self._variant)

    def row(self, reading: Dict[str, Any]) -> Row:
        return tuple(reading[quantity] for quantity in (*QUANTITIES[self._variant], "energy_Wh"))

    def start(self) -> None:
        """A wrong shunt setting of a dc module scales every reading, so it is kept with them."""
        if self._variant == "dc":
            self._shunt = _shunt(self.ask(read_request(self._address, READ_HOLDING, SHUNT_REGISTER, 1), 7))

    def identity(self) -> Dict[str, object]:
        return {**super().identity(), "variant": self._variant, "shunt": self._shunt}


def _shunt(reply: bytes) -> str:
    try:
        return f"{SHUNTS_A[check_reply(reply, READ_HOLDING)[1]]} A"
    except (MeterError, IndexError):
        return "not stated"


def _ac(data: bytes) -> Dict[str, Any]:
    """Low word first in each pair: amperes, watts and watt hours."""
    volts, amps, amps_high, watts, watts_high, hours, hours_high, hertz, factor, alarm = struct.unpack(">10H", data)
    return {
        "voltage_V": unless_full(volts, 16, 10),
        "current_A": unless_full(amps_high << 16 | amps, 32, 1000),
        "power_W": unless_full(watts_high << 16 | watts, 32, 10),
        "energy_Wh": hours_high << 16 | hours,
        "frequency_Hz": hertz / 10,
        "power_factor": factor / 100,
        "alarm": bool(alarm),
    }


def _dc(data: bytes) -> Dict[str, Any]:
    """The manual's table says 0.01 W, its example and what modules send say 0.1 W."""
    volts, amps, watts, watts_high, hours, hours_high, high, low = struct.unpack(">8H", data)
    return {
        "voltage_V": unless_full(volts, 16, 100),
        "current_A": unless_full(amps, 16, 100),
        "power_W": unless_full(watts_high << 16 | watts, 32, 10),
        "energy_Wh": hours_high << 16 | hours,
        "high_alarm": bool(high),
        "low_alarm": bool(low),
    }
