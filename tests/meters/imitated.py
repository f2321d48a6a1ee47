"""Imitated boards: the stored file trees, and small ones built for boards of which there is none."""

import json
import tarfile
from pathlib import Path
from typing import Dict, Tuple

DATA = Path(__file__).parents[1] / "data/jetson"
TRUTH = json.loads((DATA / "truth.json").read_text())
# One for each generation of boards and of drivers, one that root alone may read, and a machine that is no Jetson.
TREES = ["TX2-R32-idle", "TX2-R32.7-rootonly", "Nano-R32", "XavierNX-R35", "OrinNano-R36", "NotAJetson"]

Rails = Dict[str, Tuple[Tuple[str, int, int], ...]]  # chip: (label, mV, mA) of each channel


def extract(name: str, folder: Path) -> Path:
    """The root of a stored tree."""
    with tarfile.open(str(DATA / (name + ".tar"))) as tar:
        tar.extractall(str(folder))
    return folder / name


def build_iio(root: Path, compatible: str, chips: Rails) -> Path:
    """A board with NVIDIA's iio driver, as under L4T R32."""
    for number, (chip, rails) in enumerate(sorted(chips.items())):
        folder = _chip(root, chip, "ina3221x") / f"iio:device{number}"
        for n, (label, millivolts, milliamps) in enumerate(rails):
            write(folder / f"rail_name_{n}", label)
            write(folder / f"in_voltage{n}_input", millivolts)
            write(folder / f"in_current{n}_input", milliamps)
            write(folder / f"in_power{n}_input", millivolts * milliamps // 1000)
    return _finish(root, compatible)


def build_hwmon(root: Path, compatible: str, chips: Rails, shunt_uohm: int, samples: int = 1) -> Path:
    """A board with the hwmon driver, as under L4T R35."""
    for number, (chip, rails) in enumerate(sorted(chips.items())):
        folder = _chip(root, chip, "ina3221") / f"hwmon/hwmon{number}"
        for n, (label, millivolts, milliamps) in enumerate(rails, 1):
            write(folder / f"in{n}_label", label)
            write(folder / f"in{n}_input", millivolts)
            write(folder / f"curr{n}_input", milliamps)
            write(folder / f"shunt{n}_resistor", shunt_uohm)
        write(folder / "in7_label", "sum of shunt voltages")
        write(folder / "in7_input", 0)
        write(folder / "samples", samples)
        write(folder / "update_interval", 7 * samples)
    return _finish(root, compatible)


def write(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def _chip(root: Path, chip: str, name: str) -> Path:
    folder = root / "sys/bus/i2c/devices" / chip
    write(folder / "name", name)
    return folder


def _finish(root: Path, compatible: str) -> Path:
    if compatible:
        write(root / "proc/device-tree/compatible", compatible.replace(" ", "\0") + "\0")
    return root
