"""A power analyser in the DC line of a board: a WT310, a GPM-8213 or a PW3335."""

import math
from typing import Dict, List

from meters.emulators.base import Asked, Reply
from meters.emulators.truth import Moment
from meters.errors import MeterError
from meters.scpi_dialects import DIALECTS

LINE_V = 19.0
MOST_W = 6000.0  # beyond it the instrument shows that its range is exceeded
_INFINITE = b"+9.9000E+37"  # as SCPI has it
NAMES = {
    "yokogawa": "YOKOGAWA,WT310,C2PH13047V,F1.03",
    "gwinstek": "GWInstek,GPM-8213,GES913349,V1.05",
    "hioki": "HIOKI,PW3335,0,V1.00",
}


class Emulator(Asked):
    """Knows the commands of its variant and ignores all others, as an instrument that only notes an error."""

    baud = 9600
    interval_s = 0.25
    variant_option = "variant"

    def __init__(self, variant: str = "yokogawa") -> None:
        if variant not in NAMES:
            raise MeterError(f"no scpi variant {variant!r}; there are: {', '.join(NAMES)}")
        self._variant, self._end = variant, DIALECTS[variant].end
        self._heard = b""
        self._items: Dict[int, str] = {}
        self._begin = Moment(0, 0, 0.0, 0.0, 0.0)
        self._integrating = False

    def frame(self, moment: Moment) -> bytes:
        if not (self._integrating and self._begin.t_ns):
            self._begin = moment
        return super().frame(moment)

    def answer(self, data: bytes) -> List[Reply]:
        *commands, self._heard = (self._heard + data).split(b"\n")
        replies = (self._obey(command.decode("ascii", "replace").strip().upper()) for command in commands)
        return [Reply(reply.data + self._end, reply.sample) for reply in replies if reply.data]

    def other(self, frame: bytes) -> bytes:
        """An instrument of another maker."""
        return b"Other,Model 1,0,1.0" + self._end

    def spoilt(self, frame: bytes) -> bytes:
        """A value less."""
        return frame[: max(frame.rfind(b","), frame.rfind(b";"), 0)] + self._end

    def _obey(self, command: str) -> Reply:
        if command == "*IDN?":
            return Reply(NAMES[self._variant].encode())
        if command == ":STAT:ERR?":
            return Reply(b'0,"No error"')
        if command.startswith(":NUM:NORM:ITEM"):
            number, _, item = command[len(":NUM:NORM:ITEM") :].partition(" ")
            self._items[int(number)] = item.partition(",")[0]
        elif command.startswith(":INTEG:"):
            self._integrating = command == ":INTEG:STAR"
        elif command in (":NUM:NORM:VAL?", ":NUMERIC:NORMAL:VALUE?") and self._variant != "hioki":
            return Reply(b",".join(_engineering(self._value(item)) for _, item in sorted(self._items.items())), True)
        elif command.startswith(":MEAS? ") and self._variant == "hioki":
            return Reply(b";".join(map(self._named, command[len(":MEAS? ") :].split(","))), True)
        return Reply(b"")

    def _value(self, item: str) -> float:
        watts = self.moment.mean_watts if self.moment.mean_watts < MOST_W else math.inf
        counted = self._integrating or self._variant == "hioki"
        return {
            "U": LINE_V,
            "I": watts / LINE_V,
            "P": watts,
            "WH": (self.moment.joules - self._begin.joules) / 3600 if counted else math.nan,
            "TIME": (self.moment.t_ns - self._begin.t_ns) / 1e9 if counted else math.nan,
        }.get(item, math.nan)

    def _named(self, item: str) -> bytes:
        """HIOKI's own layout: fixed digits, exponent zero, and WP for what was asked as WH."""
        name, digits = {"U": (b"U", b"%+07.2fE+0"), "WH": (b"WP", b"%+08.4fE+0"), "I": (b"I", b"%+.4fE+0")}.get(
            item, (item.encode(), b"%+07.2fE+0")
        )
        value = self._value(item)
        return name + b" " + (_INFINITE if math.isinf(value) else digits % value)


def _engineering(value: float) -> bytes:
    """Five digits and an exponent that 3 divides, as 240.02E-03."""
    if math.isnan(value):
        return b"NAN"
    if math.isinf(value):
        return b"INF"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3) if value else 0
    mantissa = value / 10**exponent
    return b"%.*fE%+03d" % (4 - (abs(mantissa) >= 10) - (abs(mantissa) >= 100), mantissa, exponent)
