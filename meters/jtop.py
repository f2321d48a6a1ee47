"""The jtop service of jetson-stats: both generations of its interface, asked by a process of its own.

Its `avg` is a filter of its own making and no mean, so it is never used.
"""

import json
import re
from pathlib import Path
from typing import Any, Dict

from meters.boards import BOARDS
from meters.errors import MeterError
from meters.printed_rails import SUFFIX, PrintedRails

CHILD = Path(__file__).with_name("jtop_child.py")
LONGEST_LINE = 100000
_MILLI = {"power": "power_W", "volt": "voltage_V", "curr": "current_A"}
_STRIPPED = re.compile(r"(VDD_|POM_|VDDQ_)")  # what releases before 4.2 take out of a name


def decode(frame: bytes) -> Dict[str, Any]:
    """Watts, from 4.2 on also volts and amperes, of each rail; None for a rail that is not online."""
    if len(frame) > LONGEST_LINE:
        raise MeterError(f"a line of {len(frame)} bytes is not one of jtop")
    try:
        power = json.loads(bytes(frame).decode())["power"]
        reading = _from_4_2(power["rail"]) if isinstance(power, dict) else _before_4_2(power[1])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise MeterError(f"no power of jtop: {bytes(frame[:200])!r}") from None
    if not reading:
        raise MeterError("jtop knows no power rails")
    return reading


class Meter(PrintedRails):
    """`interval_s`: asked of the service, which may have its own.  `python`: one that has jetson-stats."""

    missing = "python= names the interpreter that has jetson-stats"

    def __init__(
        self, interval_s: float = 1.0, python: str = "/usr/bin/python3", total: str = "", root: str = "/"
    ) -> None:
        if not 0 < interval_s < float("inf"):
            raise MeterError(f"jtop: interval_s={interval_s:g} is no time between two readings")
        super().__init__([python, str(CHILD), str(interval_s)], total, root)
        self.period_s = interval_s

    def decode(self, frame: bytes) -> Dict[str, Any]:  # type: ignore[override]
        reading = decode(frame)
        if not self.columns:
            self.period_s = _interval_s(frame, self.period_s)
        return reading

    def _silence(self, n_bytes: int) -> str:
        return f"the jtop service gives no power rails ({n_bytes} bytes came): does `jtop` itself show them?"


def _from_4_2(rails: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    reading = {}
    for name, rail in rails.items():
        for key, quantity in _MILLI.items():
            value = _milli(rail[key]) if rail.get("online", True) else None
            reading[f"{_plain(name)}_{quantity}"] = value
    return reading


def _before_4_2(rails: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    return {_full_name(name) + SUFFIX: _milli(rail["cur"]) for name, rail in rails.items()}


def _milli(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) < 1e9:
        raise ValueError(value)
    return value / 1000


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name)


def _full_name(name: str) -> str:
    """The label behind a shortened name, where only one can be."""
    labels = {label for board in BOARDS for label in board.rails if _STRIPPED.sub("", label).replace("_", " ") == name}
    return labels.pop() if len(labels) == 1 else _plain(name)


def _interval_s(frame: bytes, asked_s: float) -> float:
    interval_s = json.loads(bytes(frame).decode()).get("interval_s")
    return interval_s if isinstance(interval_s, (int, float)) and 0 < interval_s < 3600 else asked_s
