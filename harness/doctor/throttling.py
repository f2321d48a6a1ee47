"""Has the machine slowed itself down since it was started?"""

import re
from pathlib import Path
from typing import Iterator

from harness.board.gauges import COOLING, gauges
from harness.board.nodes import number, text
from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"dmesg": ("dmesg",)}
CAUSES = {"oc1": "under-voltage", "oc2": "average over-current", "oc3": "instantaneous over-current"}
MEND = "look at supply and cooling; harness run records what rises during a run, and marks the rows"


def check(root: Path, said: Said) -> Finding:
    now = list(_cooling(root))
    signs = list(_counted(root)) + list(_logged(said["dmesg"] or ""))
    evidence = (["now: " + ", ".join(now)] if now else []) + (["since the start: " + "; ".join(signs)] if signs else [])
    if evidence:
        return doubt("; ".join(evidence), MEND)
    return fine("no sign of throttling since the start")


def _cooling(root: Path) -> Iterator[str]:
    for gauge in gauges(root):
        level = number(gauge.path) if gauge.kind == COOLING else None
        if level is not None and level > 0:
            yield f"{gauge.name[: -len('_level')]} slows something down (level {level})"


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
