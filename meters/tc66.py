"""RuiDeng TC66 and TC66C: USB-C meters that answer `getva` with 192 encrypted bytes, some ten times a second.

The plain text is three blocks, each with its name in front and its check at the end.
"""

import struct
from typing import Any, Dict, List

from meters.base import Channel, Row
from meters.errors import MeterError
from meters.modbus import crc16
from meters.queried import Queried
from meters.saturated import unless_full

ASK = b"getva"
BLOCK_BYTES = 64
BLOCKS = (b"pac1", b"pac2", b"pac3")
FRAME_BYTES = BLOCK_BYTES * len(BLOCKS)
KEY = bytes.fromhex("5821fa5601b2f02687ff1204622a4fb086f40260816f9a0ba7f106619ab87288")
QUANTITIES = ("power_W", "voltage_V", "current_A", "temperature_C", "energy_Wh")


def decode(frame: bytes) -> Dict[str, Any]:
    """Quantities by name.  `energy_Wh` is of both groups together, for a frame does not say which of them counts."""
    if len(frame) != FRAME_BYTES:
        raise MeterError(f"TC66 reply of {len(frame)} bytes instead of {FRAME_BYTES}")
    first, second, _ = _blocks(cipher().decrypt(bytes(frame)))
    volts, amps, watts = struct.unpack_from("<3I", first, 48)
    ohms, mAh_0, mWh_0, mAh_1, mWh_1, below_zero, degrees, plus, minus = struct.unpack_from("<9I", second, 4)
    return {
        "model": first[4:8].decode("ascii", "replace"),
        "firmware": first[8:12].decode("ascii", "replace"),
        "serial": struct.unpack_from("<I", first, 12)[0],
        "runs": struct.unpack_from("<I", first, 44)[0],
        "voltage_V": unless_full(volts, 32, 10**4),
        "current_A": unless_full(amps, 32, 10**5),
        "power_W": unless_full(watts, 32, 10**4),
        "resistance_ohm": ohms / 10,
        "group0_charge_Ah": mAh_0 / 1000,
        "group0_energy_Wh": mWh_0 / 1000,
        "group1_charge_Ah": mAh_1 / 1000,
        "group1_energy_Wh": mWh_1 / 1000,
        "energy_Wh": (mWh_0 + mWh_1) / 1000,
        "temperature_C": -degrees if below_zero else degrees,
        "data_plus_V": plus / 100,
        "data_minus_V": minus / 100,
    }


class Meter(Queried):
    """`port`: the meter's USB port, such as /dev/ttyACM0.  The current has no sign."""

    baud = 115200
    request = ASK
    reply_length = FRAME_BYTES
    period_s = 0.1
    channels = (Channel("usb", "dc_input", resolution_W=1e-4),)
    columns = ("usb_power_W", "usb_voltage_V", "usb_current_A", "temperature_C", "energy_Wh")
    total = ("usb",)

    def __init__(self, port: str) -> None:
        self.port = port
        self._identity: Dict[str, object] = {}

    def begun(self, reading: Dict[str, Any]) -> None:
        self._identity = {name: reading[name] for name in ("model", "firmware", "serial")}

    def decode(self, reply: bytes) -> Dict[str, Any]:
        return decode(reply)

    def row(self, reading: Dict[str, Any]) -> Row:
        return tuple(reading[quantity] for quantity in QUANTITIES)

    def identity(self) -> Dict[str, object]:
        return {**super().identity(), **self._identity}


def _blocks(text: bytes) -> List[bytes]:
    """The blocks of a plain text, each checked."""
    blocks = [text[start : start + BLOCK_BYTES] for start in range(0, FRAME_BYTES, BLOCK_BYTES)]
    for name, block in zip(BLOCKS, blocks):
        if block[:4] != name or struct.unpack("<I", block[-4:]) != (crc16(block[:-4]),):
            raise MeterError(f"TC66 reply in which {name.decode()} is missing or fails its check")
    return blocks


def cipher() -> Any:
    """What hides a frame; the key is the same in every TC66."""
    try:
        from Crypto.Cipher import AES
    except ImportError:
        raise MeterError(
            "the TC66 encrypts what it says: install pycryptodome, as in pip install 'edge-energy-harness[tc66]'"
        ) from None
    return AES.new(KEY, AES.MODE_ECB)
