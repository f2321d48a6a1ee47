"""A WattsUp? PRO: silent until it is told to stream, then the mean of each second."""

import re
from typing import List

from meters.emulators.base import Emulator as Base
from meters.emulators.base import Reply
from meters.emulators.truth import Moment
from meters.wattsup import PER_UNIT

VERSION = b"#v,-,8,1,65206,5,2,3,14,200612211910,0;"
HEADER = b"#h,-,18,W,V,A,WH,Cost,WH/Mo,Cost/Mo,Wmax,Vmax,Amax,Wmin,Vmin,Amin,PF,DC,PC,Hz,VA;"
WALL_V, WALL_HZ, POWER_FACTOR = 120.0, 60.0, 0.95
_COMMAND = re.compile(rb"#([^#;]*);")
_HOURS_IN_A_MONTH = 720


class Emulator(Base):
    """Mains of 120 V; energy since the stream began."""

    most_W = 1800.0

    def __init__(self) -> None:
        self._heard = b""
        self._streaming = False
        self._begin_J = 0.0
        self._most_W = self._least_W = 0.0

    def answer(self, data: bytes) -> List[Reply]:
        self._heard += data
        commands = _COMMAND.findall(self._heard)
        self._heard = self._heard.rpartition(b";")[2]
        return [reply for command in commands for reply in self._obey(command.split(b","))]

    def frame(self, moment: Moment) -> bytes:
        if not self._streaming:
            self._begin_J, self._most_W, self._least_W = moment.joules, 0.0, self.most_W
            return b""
        watts = moment.mean_watts
        self._most_W, self._least_W = max(self._most_W, min(watts, self.most_W)), min(self._least_W, watts)
        return packet(watts, (moment.joules - self._begin_J) / 3600, self._most_W, self._least_W)

    def spoilt(self, frame: bytes) -> bytes:
        """One argument less than the packet says."""
        return frame[: frame.rindex(b",")] + b";"

    def _obey(self, command: List[bytes]) -> List[Reply]:
        if command[:2] == [b"L", b"W"]:
            self._streaming = command[3:4] == [b"E"]
            return []
        return [Reply(HEADER if command == [b"H", b"R", b"0"] else VERSION)]


def packet(watts: float, hours_Wh: float, most_W: float, least_W: float) -> bytes:
    """A data packet with all 18 fields."""
    amps = [power / (WALL_V * POWER_FACTOR) for power in (watts, most_W, least_W)]
    values = dict.fromkeys(PER_UNIT, 0.0)
    values.update(power_W=watts, voltage_V=WALL_V, current_A=amps[0], energy_Wh=hours_Wh)
    values.update(power_max_W=most_W, voltage_max_V=WALL_V, current_max_A=amps[1])
    values.update(power_min_W=least_W, voltage_min_V=WALL_V, current_min_A=amps[2])
    values.update(power_factor=POWER_FACTOR, frequency_Hz=WALL_HZ, apparent_VA=watts / POWER_FACTOR)
    values.update(energy_per_month_Wh=watts * _HOURS_IN_A_MONTH)
    fields = b",".join(b"%d" % round(values[name] * steps) for name, steps in PER_UNIT.items())
    return b"#d,-,18," + fields + b";"
