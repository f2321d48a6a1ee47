"""RuiDeng UM24C, UM25C and UM34C: USB meters that answer one byte with 130, over Bluetooth (rfcomm) or a serial line.

New readings twice a second, without a number or a time, so that a Bluetooth delay goes unseen.
Sources: libsigrok's rdtech-um driver; the UM34C manual for its accuracy.
"""

import struct
from functools import reduce
from operator import xor
from typing import Any, Dict, NamedTuple, Tuple

from meters.base import Channel, Row
from meters.errors import MeterError
from meters.queried import Queried
from meters.saturated import unless_full

ASK = b"\xf0"
FIELDS = struct.Struct(">HHHIHHH20IHHHIIHIHHHIHH")
END = 0xFFF1  # of a UM24C and a UM25C; a UM34C ends in a check of these positions
_CHECKED = "1 3 7 9 15 17 19 23 31 39 41 45 49 53 55 57 59 63 67 69 73 79 83 89 97 99 109 111 113 119 121 127"
CHECKED = tuple(map(int, _CHECKED.split()))
QUANTITIES = ("power_W", "voltage_V", "current_A", "energy_Wh")


class Model(NamedTuple):
    """`per_V`, `per_A`: steps in one volt and one ampere."""

    name: str
    per_V: int
    per_A: int
    checked: bool


MODELS = {
    0x0963: Model("UM24C", 100, 1000, False),
    0x09C9: Model("UM25C", 1000, 10000, False),
    0x0D4C: Model("UM34C", 100, 1000, True),
}
ACCURACY: Dict[str, Any] = {  # 0.2 % + 1 step of 10 mV and 0.8 % + 3 steps of 1 mA, at the largest voltage and current
    "UM34C": {
        "gain_error": 0.01,
        "offset_error_W": 0.003 * 24 + 0.01 * 4,
        "accuracy_source": "UM34C manual: 0.2 % + 1 step of voltage, 0.8 % + 3 steps of current",
    }
}


def decode(frame: bytes, variant: str = "") -> Dict[str, Any]:
    """Quantities by name; `energy_Wh` and `charge_Ah` are those of the group chosen at the meter.

    `variant`, as in 34C, insists on a model.
    """
    if len(frame) != FIELDS.size:
        raise MeterError(f"UM reply of {len(frame)} bytes instead of {FIELDS.size}")
    number, volts, amps, milliwatts, celsius, fahrenheit, group, *rest = FIELDS.unpack(frame)
    counters, (plus, minus, mode, mAh, mWh, threshold, seconds, *_, ohms, _, end) = rest[:20], rest[20:]
    model = MODELS.get(number)
    if model is None or not model.name.endswith(variant):
        raise MeterError(f"a reply that begins with {number:04x} is not one of a UM{variant}")
    if group >= len(counters) // 2:
        raise MeterError(f"UM reply with group {group}; there are 0 to 9")
    reading: Dict[str, Any] = {
        "model": model.name,
        "voltage_V": unless_full(volts, 16, model.per_V),
        "current_A": unless_full(amps, 16, model.per_A),
        "power_W": unless_full(milliwatts, 32, 1000),
        "temperature_C": celsius,
        "temperature_F": fahrenheit,
        "group": group,
        "charge_Ah": counters[2 * group] / 1000,
        "energy_Wh": counters[2 * group + 1] / 1000,
        "data_plus_V": plus / 100,
        "data_minus_V": minus / 100,
        "mode": mode,
        "recorded_charge_Ah": mAh / 1000,
        "recorded_energy_Wh": mWh / 1000,
        "record_threshold_A": threshold / 100,
        "recorded_s": seconds,
        "resistance_ohm": ohms / 10,
    }
    _check(model, frame, end, (volts / model.per_V, amps / model.per_A, milliwatts / 1000))
    return reading


class Meter(Queried):
    """`port`: such as /dev/rfcomm0 after `sudo rfcomm bind 0 ADDRESS`."""

    baud = 9600
    request = ASK
    reply_length = FIELDS.size
    timeout_s = 2.0
    period_s = 0.5
    when_silent = "is it paired and bound, as in sudo rfcomm bind 0 ADDRESS?"
    in_step = True
    # No document says what lies between two values: each is taken for the mean since the one before.
    channels = (Channel("usb", "dc_input", "mean_over_period", resolution_W=0.001),)
    columns = ("usb_power_W", "usb_voltage_V", "usb_current_A", "energy_Wh")
    total = ("usb",)

    def __init__(self, port: str, variant: str = "") -> None:
        known = [model.name[2:] for model in MODELS.values()]
        if variant not in ("", *known):
            raise MeterError(f"um: variant={variant} is unknown; there are: {', '.join(known)}; left out it is found")
        self.port, self._variant, self._model = port, variant, ""

    def begun(self, reading: Dict[str, Any]) -> None:
        self._model = reading["model"]
        (channel,) = self.channels
        if channel.gain_error is None and self._model in ACCURACY:  # the user's own statement stands
            self.channels = (channel._replace(**ACCURACY[self._model]),)

    def decode(self, reply: bytes) -> Dict[str, Any]:
        return decode(reply, self._variant)

    def row(self, reading: Dict[str, Any]) -> Row:
        return tuple(reading[quantity] for quantity in QUANTITIES)

    def identity(self) -> Dict[str, object]:
        return {**super().identity(), "model": self._model}


def _check(model: Model, frame: bytes, end: int, shown: Tuple[float, float, float]) -> None:
    """What guards a frame: a UM34C's check; elsewhere a fixed end, and that watts are volts times amperes."""
    if model.checked:
        right = reduce(xor, (frame[position] for position in CHECKED)) == frame[-1]
    else:
        volts, amps, watts = shown
        right = end == END and abs(watts - volts * amps) <= 0.01 + volts / model.per_A + amps / model.per_V
    if not right:
        raise MeterError(f"{model.name} reply with a wrong check: {bytes(frame).hex()}")
