"""NVIDIA's tegrastats: the rails of a Jetson as the vendor's own program prints them, from R28 to JetPack 7."""

import platform
import re
from pathlib import Path
from typing import Any, Dict

from meters.base import Channel, Row
from meters.boards import R32_TAU_S
from meters.errors import MeterError
from meters.framed import Framed
from meters.process_port import ProcessPort
from meters.rails import channel, device_tree, note, recognise, whole_input

LONGEST_LINE = 4000
SUFFIX = "_power_W"
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


class Meter(Framed):
    """`interval_ms`: between two lines.  `command`: the program.  `total`: as for ina3221, on an unknown board."""

    baud = 10**9  # a pipe: what has been printed is there

    def __init__(self, interval_ms: int = 100, command: str = "tegrastats", total: str = "", root: str = "/") -> None:
        if interval_ms < 1:
            raise MeterError(f"tegrastats: interval_ms={interval_ms} is less than a millisecond")
        self.port, self._interval_ms, self._stated = command, interval_ms, total
        self.period_s = interval_ms / 1000
        self._compatible = device_tree(Path(root))
        self._is_tegra = "tegra" in self._compatible or platform.machine() == "aarch64"  # a container hides the tree
        self.channels = (Channel("VDD_IN", "module"),)  # until the first line has named the rails
        self._averaged = False
        self._note = ""

    def connect(self) -> ProcessPort:
        missing = "it comes with L4T, so is this a Jetson?  command= names another place"
        port = ProcessPort([self.port, "--interval", str(self._interval_ms)], missing)
        port.simulated = not self._is_tegra
        return port

    def decode(self, frame: bytes) -> Dict[str, Any]:  # type: ignore[override]
        self._averaged = b"mW/" not in frame  # R32, where the chip averages, prints no unit
        return decode(frame)

    def row(self, reading: Dict[str, Any]) -> Row:
        """The first line names the rails; one that a later line lacks is not available."""
        if not self.columns:
            self._learn(reading)
        return tuple([reading.get(column) for column in self.columns])

    def identity(self) -> Dict[str, object]:
        return {**super().identity(), "compatible": self._compatible.split("\0"), "note": self._note}

    def _learn(self, reading: Dict[str, Any]) -> None:
        self.columns = tuple(reading)
        labels = [column[: -len(SUFFIX)] for column in self.columns]
        board = recognise(self._compatible, set(labels))
        self.total = whole_input(board, self._stated, labels)
        self._note = note(board, self._compatible, self.total)
        tau_s = (board.r32_tau_s if board else R32_TAU_S) if self._averaged else None
        (template,) = self.channels
        channels = [channel(label, board, label in self.total) for label in labels]
        if template.gain_error is not None:
            channels = [one._replace(**{name: getattr(template, name) for name in _ACCURACY}) for one in channels]
        shape = "lowpass" if self._averaged else "instant"
        self.channels = tuple(one._replace(shape=shape, tau_s=tau_s) for one in channels)

    def _silence(self, n_bytes: int) -> str:
        if not n_bytes:
            return f"{self.port} prints nothing; does it run by itself?"
        return f"{self.port} prints no power rails; some releases print them for root only, so try it with sudo"


_ACCURACY = ("gain_error", "offset_error_W", "accuracy_source")
