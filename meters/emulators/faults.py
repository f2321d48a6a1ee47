"""Misbehaviour on demand: `unplug@2+1.5` = from 2 s after the port is first opened, for 1.5 s."""

import re
from typing import Iterable, List, NamedTuple

from meters.errors import MeterError

KINDS = {
    "partial": "a frame breaks off in the middle",
    "garbage": "random bytes before a frame",
    "checksum": "a frame with a wrong check",
    "stall": "no frames",
    "unplug": "the port is gone",
    "reset": "the device's clock starts anew",
    "model": "it talks as another device does",
    "overflow": "more power than the meter can say",
}
SPOILING = ("partial", "garbage", "checksum")
_LASTING = ("stall", "unplug", "model")
_FAULT = re.compile(r"([a-z]+)@(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?$")


class Fault(NamedTuple):
    """Seconds since the port was first opened.  Without a duration one frame is hit; what lasts does so for 1 s."""

    kind: str
    start_s: float
    duration_s: float


def parse_fault(text: str) -> Fault:
    match = _FAULT.match(text)
    if match is None or match.group(1) not in KINDS:
        raise MeterError(f"fault {text!r} is not KIND@SECONDS[+DURATION]; there are: {', '.join(KINDS)}")
    kind, start, duration = match.groups()
    return Fault(kind, float(start), float(duration or (kind in _LASTING)))


class Faults:
    """Which faults are on at a time; one without duration is on once, at the first time it is asked about."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._waiting: List[Fault] = list(faults)

    def at(self, time_s: float) -> List[str]:
        begun = [fault for fault in self._waiting if fault.start_s <= time_s]
        over = [fault for fault in begun if time_s >= fault.start_s + fault.duration_s]
        self._waiting = [fault for fault in self._waiting if fault not in over]
        return [fault.kind for fault in begun if fault not in over or not fault.duration_s]
