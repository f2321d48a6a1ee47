"""Has the machine slowed itself down since it was started?"""

import re
from pathlib import Path
from typing import Iterator

from harness.board.nodes import number, text
from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"dmesg": ("dmesg",)}
CAUSES = {"oc1": "under-voltage", "oc2": "average over-current", "oc3": "instantaneous over-current"}
MEND = "look at supply and cooling, and compare these counts before and after a run"


def check(root: Path, said: Said) -> Finding:
    signs = list(_counted(root)) + list(_logged(said["dmesg"] or ""))
    if signs:
        return doubt("since the start: " + "; ".join(signs), MEND)
    return fine("no sign of throttling since the start")


def _counted(root: Path) -> Iterator[str]:
    for monitor in sorted((root / "sys/class/hwmon").glob("*")):
        if text(monitor / "name") == "soctherm_oc":
            for name, cause in CAUSES.items():
                events = number(monitor / f"{name}_event_cnt")
                if events:
                    yield f"{events} x {cause} ({name})"
    counters = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_throttle_count")
    events = sum(number(counter) or 0 for counter in counters)
    if events:
        yield f"{events} thermal throttle events of the CPU"


def _logged(log: str) -> Iterator[str]:
    lines = [line for line in log.splitlines() if re.search(r"throttl(ed|ing)", line, re.IGNORECASE)]
    if lines:
        yield f"{len(lines)} lines in dmesg, the last: {lines[-1].strip()}"
