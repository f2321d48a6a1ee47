"""Executions of a command under meters: warm-ups, repetitions, and the rest before them."""

import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from harness.measuring.energy import FEWEST_PERIODS, Energy
from harness.measuring.program import Program
from harness.measuring.window import Window
from harness.monitor import Monitor
from harness.recording.asked import NOTHING, Asked


class Plan(NamedTuple):
    """What is asked for; `idle_s` seconds of rest are measured first, 0 for none."""

    command: Sequence[str]
    meters: Sequence[str]
    repetitions: int = 1
    warmup: int = 0
    idle_s: float = 0.0
    out: Optional[Path] = None
    stdout: Optional[int] = None
    recorder: Asked = NOTHING


class Series(NamedTuple):
    """What came of it.  `status`: exit status of the last execution; a failed one ends the series."""

    plan: Plan
    meters: List[Dict[str, Any]]
    statistics: Dict[str, Any]
    scheduling: Dict[str, Any]
    idle: List[Energy]  # of each meter; empty without
    executions: List[List[Energy]]  # of each counted one, of each meter
    statuses: List[int]
    status: int

    @property
    def simulated(self) -> bool:
        return any(meter["simulated"] for meter in self.meters)


def run(plan: Plan) -> Series:
    """Measure; MeterError or UserError when it can't begin."""
    windows: List[Window] = []
    statuses: List[int] = []
    status, idle = 0, None
    program = Program(plan.command, plan.stdout)
    with Monitor(plan.meters, plan.out, plan.recorder) as monitor:
        if plan.idle_s:
            with monitor.window("idle") as idle:
                time.sleep(max(plan.idle_s, 1.1 * FEWEST_PERIODS * max(one["period_s"] for one in monitor.meters)))
        for number in range(plan.warmup + plan.repetitions):
            counted = number >= plan.warmup
            with monitor.window("command" if counted else "warm-up", repetition=max(0, number - plan.warmup)) as window:
                status = program.run()
            if counted:
                windows.append(window)
                statuses.append(status)
            if status or program.signals:
                break
    return Series(
        plan,
        monitor.meters,
        monitor.statistics,
        monitor.scheduling,
        idle.energies if idle else [],
        [window.energies for window in windows],
        statuses,
        status,
    )
