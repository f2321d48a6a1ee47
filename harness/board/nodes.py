"""Small files in which a kernel tells the state of a machine: what cannot be read is nothing, never zero."""

import re
from pathlib import Path
from typing import Dict, Optional, Tuple

CONSTANT = "PMIC"  # a zone that says 100 degrees for ever
OFFLINE_C = -40.0  # a sensor that is off says -256


def text(path: Path) -> str:
    """Content of a system file without the space around it; empty where it can't be read (a gated zone, no rights)."""
    try:
        return path.read_text(errors="replace").strip("\0 \n")
    except OSError:
        return ""


def number(path: Path) -> Optional[int]:
    digits = text(path)
    return int(digits) if re.fullmatch(r"-?\d+", digits) else None


def l4t(root: Path) -> Optional[Tuple[int, int]]:
    """Generation and release of Jetson Linux, as (32, 7); None on any other machine."""
    release = re.match(r"# R(\d+) .*REVISION: (\d+)", text(root / "etc/nv_tegra_release"))
    return (int(release.group(1)), int(release.group(2))) if release else None


def zones(root: Path) -> Dict[str, Path]:
    """The temperature file of each thermal zone by a name that is its own, without zones that are constant."""
    found: Dict[str, Path] = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        kind = text(zone / "type")
        if kind and not kind.startswith(CONSTANT):
            found[kind if kind not in found else f"{kind}-{zone.name[len('thermal_zone') :]}"] = zone / "temp"
    return found


def temperatures(root: Path) -> Dict[str, float]:
    """Degrees C by zone name, without zones that are gated, switched off or constant."""
    milli = {name: number(path) for name, path in zones(root).items()}
    return {name: value / 1e3 for name, value in milli.items() if value is not None and value / 1e3 > OFFLINE_C}


def pinned(root: Path) -> Optional[bool]:
    """Whether every CPU and GPU clock has one value that it can have; None where this machine tells of no clock."""
    limits = [(policy / "scaling_min_freq", policy / "scaling_max_freq") for policy in cpu_policies(root)]
    limits += [(device / "min_freq", device / "max_freq") for device in gpus(root)]
    known = [(number(low), number(high)) for low, high in limits]
    known = [(low, high) for low, high in known if low is not None and high is not None]
    return all(low == high for low, high in known) if known else None


def cpu_policies(root: Path) -> Tuple[Path, ...]:
    """The cpufreq folder of each group of CPUs that share a clock, named by its first CPU."""
    folders: Dict[Path, Path] = {}
    cpus = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq")
    for folder in sorted(cpus, key=lambda path: int(path.parent.name[len("cpu") :])):
        folders.setdefault(folder.resolve(), folder)
    return tuple(folders.values())


def gpus(root: Path) -> Tuple[Path, ...]:
    """The devfreq folder of each GPU; the other engines of a Jetson (video, vision) are left out."""
    devices = sorted((root / "sys/class/devfreq").glob("*"))
    return tuple(device for device in devices if re.search(r"gp10b|gv11b|ga10b|gpu", device.name))
