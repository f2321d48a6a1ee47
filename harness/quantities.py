"""Numbers as people read them: SI in, a short text with its unit out, an en dash where there is no figure."""

import math
from typing import Optional

NONE = "–"


def significant(value: Optional[float], digits: int = 4) -> str:
    """`digits` significant digits, without an exponent where people would write none: 0.01234, 12.34, 12340."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    rounded = float("{:.{}g}".format(value, digits))
    if not 1e-6 <= abs(rounded) < 1e15:
        return "{:.{}g}".format(value, digits)
    exponent = math.floor(math.log10(abs(rounded)))
    return "{:.{}f}".format(rounded, max(0, digits - 1 - exponent))


def counted(number: int, noun: str) -> str:
    """1 stage, 2 stages."""
    return "{} {}{}".format(number, noun, "" if number == 1 else "s")


def kilojoules(joules: Optional[float]) -> str:
    return NONE if joules is None else significant(joules / 1000)


def percent(share: Optional[float], digits: int = 2) -> str:
    return NONE if share is None else "{:.{}f}".format(100 * share, digits)


def small_percent(share: Optional[float]) -> str:
    """A share far below one, in percent with its unit: 0.029 %, 1.7e-07 %."""
    return NONE if share is None else significant(100 * share, 2) + " %"


def prefixed(value: Optional[float], unit: str = "", digits: int = 4) -> str:
    """With an SI prefix: 12.34 T, 1.6 kB."""
    if value is None:
        return NONE
    for factor, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return "{} {}{}".format(significant(value / factor, digits), prefix, unit)
    return "{} {}".format(significant(value, digits), unit).rstrip()


def duration(seconds: Optional[float]) -> str:
    """1 d 02 h, 1 h 05 min, 2 min 07 s, 12.3 s."""
    if seconds is None:
        return NONE
    if seconds < 60:
        return "{} s".format(significant(seconds, 3))
    minutes, rest = divmod(int(round(seconds)), 60)
    if minutes < 60:
        return "{} min {:02d} s".format(minutes, rest)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return "{} h {:02d} min".format(hours, minutes)
    return "{} d {:02d} h".format(hours // 24, hours % 24)
