"""Find the rails of INA3221 chips in /sys, in both layouts: NVIDIA's iio driver (L4T R32), the hwmon one (R35+)."""

from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from meters.errors import MeterError

CHIP_NAMES = ("ina3221x", "ina3221")
HWMON_CHANNELS = ("1", "2", "3")  # 4 to 7 are shunt voltages and sums
NOT_CONNECTED = "NC"
THOR_INPUT = ("ina238", "VIN")  # the chip on the carrier board of an AGX Thor, which has one channel and no label


class Node(NamedTuple):
    """The files of one rail.  `power`, in mW, is there on R32 only; hwmon has `voltage` in mV and `current` in mA."""

    label: str
    chip: str
    channel: str
    power: Optional[Path]
    voltage: Path
    current: Path
    shunt_ohm: Optional[float] = None
    averaged: int = 1  # hwmon: conversions that the chip averages
    cycle_ms: int = 0  # hwmon: time that it takes for that

    @property
    def files(self) -> Tuple[Path, ...]:
        """What has to be read to know the power."""
        return (self.power,) if self.power else (self.voltage, self.current)

    def origin(self) -> Dict[str, object]:
        """Where the rail is measured; hwmon also says how."""
        settings = {"shunt_ohm": self.shunt_ohm, "averaged": self.averaged, "cycle_ms": self.cycle_ms}
        return {"chip": self.chip, "channel": self.channel, **({} if self.power else settings)}


def find_rails(root: Path) -> List[Node]:
    """Every connected rail of every chip, in the order of bus addresses; empty where there is no INA3221."""
    names = sorted(root.glob("sys/bus/i2c/devices/*/name"))
    chips = [(name.parent, read_text(name)) for name in names]
    rails = [rail for chip, kind in chips if kind in CHIP_NAMES for rail in _rails(chip)]
    inputs = [_ina238(chip) for chip, kind in chips if kind == THOR_INPUT[0] and any(chip.glob("hwmon/hwmon*"))]
    return [rail for rail in rails if rail.label != NOT_CONNECTED] + (inputs if rails else [])


def read_text(path: Path) -> str:
    """The text of a node without its line end; one that only root may read is a MeterError sentence."""
    try:
        return path.read_text().strip("\0\n ")
    except PermissionError:
        raise not_permitted(path) from None


def not_permitted(path: Path) -> MeterError:
    """Why the power sensor cannot be read, and the command that opens it until the next boot."""
    if path.parent.name.startswith("hwmon"):
        folder = path.parents[3] / "*/hwmon/hwmon*"
        names = "in*_label in*_input curr*_input"
    else:
        folder, names = (
            path.parents[2] / "*/iio*device*",
            "rail_name_* in_power*_input in_voltage*_input in_current*_input",
        )
    command = " ".join(["sudo chmod o+r"] + [str(folder / name) for name in names.split()])
    return MeterError(
        f"no permission to read {path}: since L4T R32.5 NVIDIA lets only root read the power sensor, because it "
        "can betray what others compute (CVE-2021-1071).  Run as root, or open it to all users until the next "
        f"boot: {command}"
    )


def _rails(chip: Path) -> Iterator[Node]:
    for folder in sorted(chip.glob("iio*device*")):
        yield from _iio_rails(chip.name, folder)
    for folder in sorted(chip.glob("hwmon/hwmon*")):
        yield from _hwmon_rails(chip.name, folder)


def _iio_rails(chip: str, folder: Path) -> Iterator[Node]:
    for label in sorted(folder.glob("rail_name_*")):
        n = label.name[-1]
        power, voltage, current = (folder / f"in_{what}{n}_input" for what in ("power", "voltage", "current"))
        yield Node(read_text(label), chip, n, power, voltage, current)


def _hwmon_rails(chip: str, folder: Path) -> Iterator[Node]:
    averaged, cycle_ms = _number(folder / "samples", 1), _number(folder / "update_interval", 0)
    for n in HWMON_CHANNELS:
        label = folder / f"in{n}_label"
        if label.exists():  # mainline hides the label of a channel that is switched off
            voltage, current = folder / f"in{n}_input", folder / f"curr{n}_input"
            shunt_ohm = _number(folder / f"shunt{n}_resistor", 0) / 1e6 or None
            yield Node(read_text(label), chip, n, None, voltage, current, shunt_ohm, averaged, cycle_ms)


def _ina238(chip: Path) -> Node:
    folder = min(chip.glob("hwmon/hwmon*"))
    return Node(THOR_INPUT[1], chip.name, "1", None, folder / "in1_input", folder / "curr1_input")


def _number(path: Path, absent: int) -> int:
    return int(read_text(path)) if path.exists() else absent
