"""The state of the machine at one moment, for the record: power mode, clocks, temperatures, fan, swap, load."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from harness.board import restore
from harness.board.nodes import cpu_policies, l4t, pinned, text
from harness.board.sampler import Readings

MODE, CLOCKS = ("nvpmodel", "-q"), ("jetson_clocks", "--show")
Run = Callable[[Sequence[str]], Optional[str]]


def snapshot(run: Run, root: Path = Path("/")) -> Dict[str, Any]:
    """What can be read now, JSON-able; `run` gives what a command prints. What a machine lacks is left out."""
    readings = Readings(root)
    try:
        values = readings.read()
    finally:
        readings.close()
    policies = cpu_policies(root)
    facts: Dict[str, Any] = {
        "taken_utc": datetime.now(timezone.utc).isoformat(),
        "pinned": pinned(root),
        "governors": {policy.parent.name: text(policy / "scaling_governor") for policy in policies},
        "cpus_online": text(root / "sys/devices/system/cpu/online"),
        "fan_control": text(root / "sys/devices/pwm-fan/temp_control"),
        "swaps": [line.split()[0] for line in text(root / "proc/swaps").splitlines()[1:]],
        "uptime_s": _first_number(root / "proc/uptime"),
        "load_1min": _first_number(root / "proc/loadavg"),
        "values": {name: value for name, value in values.items() if value is not None},
    }
    if l4t(root):
        held = restore.state_file().exists()  # by a run that was asked for it: then sudo needs no password here
        facts.update(nvpmodel=run(MODE), jetson_clocks=run((("sudo", "-n") if held else ()) + CLOCKS))
    return {key: value for key, value in facts.items() if value not in (None, "", {})}


def _first_number(path: Path) -> Optional[float]:
    words = text(path).split()
    return float(words[0]) if words else None
