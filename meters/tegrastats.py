"""NVIDIA's tegrastats: the rails of a Jetson as the vendor's own program prints them, from R28 to JetPack 7."""

import re
from typing import Any, Dict

from meters.errors import MeterError
from meters.printed_rails import SUFFIX, PrintedRails

LONGEST_LINE = 4000
_RAIL = re.compile(rb"(?<=\s)([A-Z][A-Z0-9_]*) (-?\d{1,9})(?:mW)?/-?\d{1,9}(?:mW)?(?=\s|\Z)")
_NOT_CONNECTED = b"NC"


def decode(frame: bytes) -> Dict[str, Any]:
    """Watts now of each rail (`VDD_IN_power_W`); the number behind the / is a mean since the start, and left out."""
    if len(frame) > LONGEST_LINE or b"RAM " not in frame or b"CPU [" not in frame:
        raise MeterError(f"no line of tegrastats: {bytes(frame[:LONGEST_LINE])!r}")
    rails = [(name, number) for name, number in _RAIL.findall(bytes(frame)) if name != _NOT_CONNECTED]
    if not rails:
        raise MeterError("a line of tegrastats without power rails; some releases print them for root only")
    return {name.decode() + SUFFIX: int(number) / 1000 for name, number in rails}


class Meter(PrintedRails):
    """`interval_ms`: between two lines.  `command`: the program.  `total`: as for ina3221, on an unknown board."""

    missing = "it comes with L4T, so is this a Jetson?  command= names another place"

    def __init__(self, interval_ms: int = 100, command: str = "tegrastats", total: str = "", root: str = "/") -> None:
        if interval_ms < 1:
            raise MeterError(f"tegrastats: interval_ms={interval_ms} is less than a millisecond")
        super().__init__([command, "--interval", str(interval_ms)], total, root)
        self.period_s = interval_ms / 1000

    def decode(self, frame: bytes) -> Dict[str, Any]:  # type: ignore[override]
        self.averaged = b"mW/" not in frame  # R32 prints no unit
        return decode(frame)

    def _silence(self, n_bytes: int) -> str:
        if not n_bytes:
            return f"{self.port} prints nothing; does it run by itself?"
        return f"{self.port} prints no power rails; some releases print them for root only, so try it with sudo"
