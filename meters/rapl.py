"""The energy counters of x86 processors, read through Linux powercap: packages, their memory, and parts of them."""

import errno
import os
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from meters.base import Channel, Polled, Row
from meters.counters import Counters
from meters.errors import MeterError

WHOLE = ("package-", "dram")  # a package and the memory beside it; core and uncore lie inside the package
NOT_MEASURED = "RAPL counts processors and memory only: no disk, fan, graphics card or power supply."


class Zone(NamedTuple):
    """`name` is unique: that of the package goes in front of its parts."""

    name: str
    kind: str
    folder: Path
    range_uJ: int


class Meter(Polled):
    """`rate`: readings per second.  Each power is the mean since the reading before, the first one not available."""

    def __init__(self, rate: float = 10.0, root: str = "/") -> None:
        if not 0 < rate < float("inf"):
            raise MeterError(f"rapl: rate={rate} is not a number of readings per second above 0, as in rate=10")
        self.simulated, self.period_s = Path(root) != Path("/"), 1 / rate
        self._zones = find_zones(Path(root))
        whole = [zone.kind.startswith(WHOLE) for zone in self._zones]
        self.total = tuple(zone.name for zone, is_whole in zip(self._zones, whole) if is_whole)
        self.channels = tuple(
            Channel(zone.name, "module" if is_whole else "rail", "mean_over_period")
            for zone, is_whole in zip(self._zones, whole)
        )
        names = [zone.name for zone in self._zones]
        self.columns = (*(f"{name}_power_W" for name in names), *(f"{name}_energy_J" for name in names))
        self._files: List[int] = []

    def open(self) -> None:
        self.close()
        self._counters = Counters(1e-6, [zone.range_uJ for zone in self._zones])
        try:
            self._files = [_open(zone.folder / "energy_uj") for zone in self._zones]
        except MeterError:
            self.close()
            raise

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def read_row(self) -> Row:
        """Watts, then joules since the opening, of each zone."""
        if not self._files:
            self.open()
        watts, joules = self._counters.update([_count(file, zone) for file, zone in zip(self._files, self._zones)])
        return (*watts, *joules)

    def identity(self) -> Dict[str, object]:
        zones = {zone.name: zone.folder.name for zone in self._zones}
        return {"zones": zones, "note": NOT_MEASURED}


def find_zones(root: Path) -> List[Zone]:
    """Every zone with a counter, in the order of their numbers; MeterError where there is none."""
    folders = sorted(root.glob("sys/class/powercap/intel-rapl:*"), key=lambda folder: folder.name.split(":")[1:])
    kinds = {folder.name: (folder / "name").read_text().strip() for folder in folders}
    zones = [
        Zone(_name(folder.name, kinds), kinds[folder.name], folder, int((folder / "max_energy_range_uj").read_text()))
        for folder in folders
    ]
    if not zones:
        raise MeterError(
            f"no RAPL counters on this machine: {root / 'sys/class/powercap'} has no intel-rapl zone.  They need an "
            "Intel or AMD processor, the kernel module intel_rapl_common, and no virtual machine in between"
        )
    return zones


def _name(folder: str, kinds: Dict[str, str]) -> str:
    """`package-0`, and `package-0_core` for a zone inside it."""
    parent = folder.rpartition(":")[0]
    return kinds[parent] + "_" + kinds[folder] if parent in kinds else kinds[folder]


def _open(path: Path) -> int:
    try:
        return os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        raise MeterError(
            f"no permission to read {path}: only root may, because it can betray what others compute "
            "(CVE-2020-8694).  Run as root, or open it to all users until the next boot: "
            f"sudo chmod o+r {path.parents[1]}/intel-rapl:*/energy_uj"
        ) from None
    except OSError as error:
        raise MeterError(f"rapl: {path} cannot be read: {error.strerror}") from error


def _count(file: int, zone: Zone) -> Optional[int]:
    try:
        return int(os.pread(file, 32, 0))
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.EAGAIN):
            return None
        raise MeterError(f"rapl: zone {zone.name} can no longer be read: {error.strerror}") from error
    except ValueError:
        raise MeterError(f"rapl: zone {zone.name} holds no number in {zone.folder / 'energy_uj'}") from None
