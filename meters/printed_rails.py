"""A Jetson's rails as another program prints them, a line at a time: the first line tells which there are."""

import platform
from pathlib import Path
from typing import Any, Dict, Sequence

from meters.base import Channel, Row
from meters.boards import R32_TAU_S
from meters.framed import Framed
from meters.process_port import ProcessPort
from meters.rails import channel, device_tree, note, recognise, whole_input

SUFFIX = "_power_W"
_ACCURACY = ("gain_error", "offset_error_W", "accuracy_source")


class PrintedRails(Framed):
    """A driver gives its program to `__init__`, and sets `averaged` where the chip averages (L4T R32)."""

    baud = 10**9  # a pipe: what has been printed is there
    averaged = False
    missing = ""  # what to do when there is no such program

    def __init__(self, command: Sequence[str], total: str, root: str) -> None:
        self.port, self._command, self._stated = command[0], command, total
        self._compatible = device_tree(Path(root))
        self._own_tree = Path(root) == Path("/")
        self._note = ""
        self.channels = (Channel("VDD_IN", "module"),)  # until the first line has named the rails

    def connect(self) -> ProcessPort:
        port = ProcessPort(self._command, self.missing)
        # a container hides the device tree, and a tree that lies elsewhere tells nothing of this machine
        on_jetson = self._own_tree and "tegra" in self._compatible
        port.simulated = not on_jetson and platform.machine() != "aarch64"
        return port

    def row(self, reading: Dict[str, Any]) -> Row:
        """A rail that a later line lacks is not available."""
        if not self.columns:
            self.learn(reading)
        return tuple([reading.get(column) for column in self.columns])

    def learn(self, reading: Dict[str, Any]) -> None:
        """Columns, channels and total from the first reading."""
        self.columns = tuple(reading)
        labels = [column[: -len(SUFFIX)] for column in self.columns if column.endswith(SUFFIX)]
        board = recognise(self._compatible, set(labels))
        self.total = whole_input(board, self._stated, labels)
        self._note = note(board, self._compatible, self.total)
        shape: Dict[str, Any] = {"shape": "instant"}
        if self.averaged:
            shape = {"shape": "lowpass", "tau_s": board.r32_tau_s if board else R32_TAU_S}
        if self.channels[0].gain_error is not None:  # what the user states goes for all rails
            shape.update({name: getattr(self.channels[0], name) for name in _ACCURACY})
        self.channels = tuple(channel(label, board, label in self.total)._replace(**shape) for label in labels)

    def identity(self) -> Dict[str, object]:
        return {**super().identity(), "compatible": self._compatible.split("\0"), "note": self._note}
