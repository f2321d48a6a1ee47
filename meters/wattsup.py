"""WattsUp? PRO and .NET: what a wall plug delivers, averaged over each second.

Source: the vendor's Serial Data Format 4.41.  No check guards a frame, so its count and its physics are checked.
"""

import re
import time
from typing import Any, Dict, List, Tuple

from meters.base import Channel, Row, Sample
from meters.errors import MeterError
from meters.framed import Framed, Reading
from meters.serial_port import SerialPort

PER_UNIT = {  # the 18 fields in their order, each with how many of its steps make one unit
    "power_W": 10,
    "voltage_V": 10,
    "current_A": 1000,
    "energy_Wh": 10,
    "cost": 1000,
    "energy_per_month_Wh": 1,
    "cost_per_month": 1000,
    "power_max_W": 10,
    "voltage_max_V": 10,
    "current_max_A": 1000,
    "power_min_W": 10,
    "voltage_min_V": 10,
    "current_min_A": 1000,
    "power_factor": 100,
    "duty_cycle": 100,
    "power_cycles": 1,
    "frequency_Hz": 10,
    "apparent_VA": 10,
}
ASK_VERSION = b"#V,R,0;"
STREAM_EACH_SECOND = b"#L,W,3,E,,1;"
REPLY_S = 2.0  # the meter's own limit
IGNORED = b"\r\n\t\0"
_PACKET = re.compile(rb"#([a-zA-Z]),[-RW],(\d{1,2})((?:,[^,;#]*)*);\Z")
_REPLY = re.compile(rb"#[^d]")
_NUMBER = re.compile(rb"-?\d{1,9}\Z")


def decode(frame: bytes) -> Dict[str, Any]:
    """A data packet's quantities, None for a field that the meter was told to leave out.

    Any other packet gives its `cmd` letter and its `args` as text.
    """
    command, arguments = _packet(frame)
    if command != "d":
        return {"cmd": command, "args": [argument.decode("latin-1") for argument in arguments]}
    if len(arguments) != len(PER_UNIT):
        raise MeterError(f"WattsUp data packet with {len(arguments)} fields instead of 18: {frame!r}")
    reading: Dict[str, Any] = {}
    for (name, steps), argument in zip(PER_UNIT.items(), arguments):
        if argument != b"_" and not _NUMBER.match(argument):
            raise MeterError(f"WattsUp data packet with {name} = {argument!r}")
        reading[name] = None if argument == b"_" else int(argument) / steps
    _check_physics(reading)
    return reading


class Meter(Framed):
    """`baud`: 115200; units with an old 4 MHz processor talk at 19200."""

    channels = (
        Channel(
            "wall",
            "ac_wall",
            "mean_over_period",
            gain_error=0.015,
            offset_error_W=0.3,
            accuracy_source="WattsUp? PRO manual: 1.5 % + 3 counts above 60 W, worse below",
            resolution_W=0.1,
        ),
    )
    columns = ("wall_power_W", "wall_voltage_V", "wall_current_A", "wall_power_factor", "energy_Wh")
    total = ("wall",)
    period_s = 1.0
    when_silent = "is it a WattsUp? PRO or .NET with power at its inlet, and is this the right port?"
    decode = staticmethod(decode)

    def __init__(self, port: str, baud: int = 115200) -> None:
        if baud <= 0:
            raise MeterError(f"wattsup: baud={baud} is no line rate; the meter has 115200, old units 19200")
        self.port, self.baud = port, baud
        self._version: List[str] = []

    def start(self, port: SerialPort) -> None:
        port.write(ASK_VERSION)
        self._version = _version(port)
        port.write(STREAM_EACH_SECOND)

    def begun(self, samples: List[Sample]) -> None:
        if all(sample.values[0] is None for sample in samples):
            raise MeterError(
                f"the WattsUp at {self.port} is set to leave out its power: select all fields in the vendor's "
                "program, or send #C,W,18 with eighteen times ,1 and a ; (which clears its memory)"
            )

    def split(self, data: bytes) -> Tuple[List[bytes], bytes]:
        """From # to ; each, and apart what is lost before a #.  Replies to commands are no samples."""
        *pieces, rest = data.split(b";")
        cut = [max(piece.rfind(b"#"), 0) for piece in pieces]
        parts = [part for n, piece in zip(cut, pieces) for part in (piece[:n].strip(IGNORED), piece[n:] + b";")]
        return [part for part in parts if part and not _REPLY.match(part)], rest

    def row(self, reading: Reading) -> Row:
        return tuple(reading[column.replace("wall_", "")] for column in self.columns)

    def identity(self) -> Dict[str, object]:
        """Port, and what the meter says of itself: model, memory, hardware and firmware versions, build, checksum."""
        return {**super().identity(), "version": self._version}


def _packet(frame: bytes) -> Tuple[str, List[bytes]]:
    packet = bytes(frame).translate(None, IGNORED)
    match = _PACKET.match(packet)
    if match is None:
        raise MeterError(f"no whole WattsUp packet: {packet!r}")
    command, count, arguments = match.groups()
    values = arguments.split(b",")[1:]
    if len(values) != int(count):
        raise MeterError(f"WattsUp packet with {len(values)} arguments instead of {int(count)}: {packet!r}")
    return command.decode(), values


def _check_physics(reading: Dict[str, Any]) -> None:
    """A digit lost on the line shows.  Roughly only: volts, amperes and power factor are rounded means."""
    power, volts, amps, power_factor = (reading[name] for name in ("power_W", "voltage_V", "current_A", "power_factor"))
    if None in (power, volts, amps, power_factor):
        return
    if abs(power - volts * amps * power_factor) > 3 + 0.1 * abs(power):
        raise MeterError(
            f"WattsUp packet that contradicts itself: {power} W, but {volts} V, {amps} A, PF {power_factor}"
        )


def _version(port: SerialPort) -> List[str]:
    """The arguments of the reply to ASK_VERSION; empty when the meter, busy with its banner, leaves it out."""
    data = b""
    deadline = time.monotonic() + REPLY_S
    while time.monotonic() < deadline:
        data += port.read_waiting()
        reply = re.search(rb"#v[^#;]*;", data)
        if reply:
            return [argument.decode("latin-1") for argument in _packet(reply.group())[1]]
        time.sleep(0.01)
    return []
