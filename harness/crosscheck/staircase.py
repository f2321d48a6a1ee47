"""A staircase of loads under several meters at once: what each window of each level was, in time."""

import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

from harness.crosscheck.load import Machine, Step, steps
from harness.monitor import Monitor

SETTLE_S, SETTLE_SHARE = 2.0, 0.1  # of a window
SETTLE_PERIODS, SETTLE_TAUS = 2, 7


class Window(NamedTuple):
    """A stretch of one level, settled; ns of the host's monotonic clock."""

    load: str
    round: int
    start_ns: int
    stop_ns: int


class Climb(NamedTuple):
    """A finished staircase; the traces are in `folder`."""

    folder: Path
    meters: List[Dict[str, Any]]
    statistics: Dict[str, Any]
    windows: List[Window]
    window_s: float
    gpu: str


def climb(meters: Sequence[str], folder: Path, rounds: int, window_s: float, say: Callable[[str], None]) -> Climb:
    """Go through all levels `rounds` times; UserError or MeterError when a meter does not deliver."""
    found: List[Window] = []
    with Monitor(meters, folder) as monitor, Machine() as machine:
        levels = steps(machine.cpus, bool(machine.gpu))
        settle_s = _settle_s(monitor.meters, window_s)
        say(f"{rounds} rounds of {len(levels)} levels, {rounds * len(levels) * (window_s + settle_s) / 60:.1f} min")
        for number in range(1, rounds + 1):
            for step in levels:
                say(f"round {number}: {step.name}")
                found.append(_window(monitor, machine, step, number, settle_s, window_s))
    return Climb(folder, monitor.meters, monitor.statistics, found, window_s, machine.gpu)


def _window(monitor: Monitor, machine: Machine, step: Step, number: int, settle_s: float, window_s: float) -> Window:
    with machine.at(step):
        time.sleep(settle_s)
        with monitor.window("window", load=step.name, round=number) as window:
            time.sleep(window_s)
    return Window(step.name, number, window.start_ns, window.stop_ns)


def _settle_s(meters: Sequence[Dict[str, Any]], window_s: float) -> float:
    """After so long the slowest sensor is within a thousandth of the new level."""
    period_s = max(one["period_s"] for one in meters)
    tau_s = max(channel.get("tau_s") or 0.0 for one in meters for channel in one["channels"])
    return max(min(SETTLE_S, SETTLE_SHARE * window_s), SETTLE_PERIODS * period_s, SETTLE_TAUS * tau_s)
