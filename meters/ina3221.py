"""The power sensors on a Jetson: INA3221 chips, read through sysfs, on Python 3.6 with nothing installed."""

import os
from pathlib import Path
from typing import Dict, List, Optional

from meters.base import Channel, Polled, Row
from meters.boards import R32_TAU_S
from meters.clock import monotonic_ns
from meters.errors import MeterError
from meters.ina_sysfs import Node, find_rails
from meters.ina_values import Milli, gone, milli_beside, open_node, read_carefully, read_quickly, with_power
from meters.rails import channel, device_tree, note, recognise, whole_input

LOOK_NS = 10**9  # between two looks whether the nodes of an imitated board are there
QUANTITIES = ("power_W", "voltage_V", "current_A")


class Meter(Polled):
    """Every connected rail by its label.  R32 gives power alone; hwmon gives voltage and current, and P = V * I.

    `rate`: rows per second.  `total`: for a board that is not known, the rails that make its whole input, `A+B`.
    """

    def __init__(self, root: str = "/", rate: float = 10.0, total: str = "") -> None:
        if not 0 < rate < float("inf"):
            raise MeterError(f"ina3221: rate={rate} is not a number of readings per second above 0, as in rate=10")
        self._root, self.simulated, self.period_s = Path(root), Path(root) != Path("/"), 1 / rate
        self._files: List[int] = []
        self._looked_ns = 0
        self._nodes = self._find()
        self._compatible = device_tree(self._root)
        labels = [node.label for node in self._nodes]
        self._board = recognise(self._compatible, set(labels))
        self.total = whole_input(self._board, total, labels)
        self.channels = tuple(self._channel(node) for node in self._nodes)
        self._iio = self._nodes[0].power is not None
        quantities = QUANTITIES[:1] if self._iio else QUANTITIES
        self.columns = tuple(f"{label}_{quantity}" for label in labels for quantity in quantities)
        self._milli = Milli()

    def open(self) -> None:
        """Keep the file of each number open.  Nodes are found anew: paths change when a driver is loaded again."""
        self.close()
        nodes = {node.label: node for node in self._find()}
        gone = [channel.name for channel in self.channels if channel.name not in nodes]
        if gone:
            raise MeterError(f"ina3221: rail {gone[0]} has disappeared; there are: {', '.join(nodes)}")
        self._nodes = [nodes[channel.name] for channel in self.channels]
        try:
            for path in self._paths():
                self._files.append(open_node(path))
        except MeterError:
            self.close()
            raise

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def read_row(self) -> Row:
        """Watts (hwmon: watts, volts, amperes) of each channel; None for a channel that is switched off."""
        if not self._files:
            self.open()
        if self.simulated:
            self._look()
        try:
            values: Row = read_quickly(self._milli, self._files)
        except (OSError, ValueError):
            values = tuple(map(read_carefully, self._files, self._paths()))
        return values if self._iio else with_power(values)

    def read(self) -> Dict[str, Dict[str, Optional[float]]]:
        """A row by channel and quantity; the voltage and current that R32 keeps out of the row are read beside it."""
        row = dict(zip(self.columns, self.read_row()))
        readings = {}
        for node in self._nodes:
            readings[node.label] = {quantity: row.get(f"{node.label}_{quantity}") for quantity in QUANTITIES}
            if self._iio:
                beside = {"voltage_V": milli_beside(node.voltage), "current_A": milli_beside(node.current)}
                readings[node.label].update(beside)
        return readings

    def identity(self) -> Dict[str, object]:
        """Board, driver and rails, and as `note` what a reader has to know about the total."""
        return {
            "board": self._board.name if self._board else None,
            "compatible": self._compatible.split("\0"),
            "driver": "ina3221x (iio)" if self._iio else "ina3221 (hwmon)",
            "rails": {node.label: node.origin() for node in self._nodes},
            "note": note(self._board, self._compatible, self.total),
        }

    def _find(self) -> List[Node]:
        nodes = find_rails(self._root)
        if not nodes:
            raise MeterError(
                f"no INA3221 sensor on this machine: {self._root / 'sys/bus/i2c/devices'} has no such chip with a "
                "driver.  Jetson modules have one; elsewhere use an external meter, as in --meter wattsup:port=..."
            )
        return nodes

    def _channel(self, node: Node) -> Channel:
        plain = channel(node.label, self._board, node.label in self.total, node.shunt_ohm)
        if node.power:
            return plain._replace(shape="lowpass", tau_s=self._board.r32_tau_s if self._board else R32_TAU_S)
        if node.averaged > 1:  # the chip's average is recursive, a filter with the time of one full average
            return plain._replace(shape="lowpass", tau_s=node.cycle_ms / 1e3)
        return plain

    def _look(self) -> None:
        """A plain file that was removed goes on giving its number to whoever has it open; a node of sysfs fails."""
        now_ns = monotonic_ns()
        if now_ns < self._looked_ns + LOOK_NS:
            return
        self._looked_ns = now_ns
        for path in self._paths():
            try:
                os.stat(str(path))
            except OSError as error:
                raise gone(path, error) from None

    def _paths(self) -> List[Path]:
        return [path for node in self._nodes for path in node.files]
