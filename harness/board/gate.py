"""A stage starts only below a temperature: what ran before it is then no part of its joules."""

import time
from pathlib import Path
from typing import Any, Callable, Dict, NamedTuple

from harness.board.nodes import temperatures

LOOK_S = 5.0


class Gate(NamedTuple):
    """Every zone has to be below `below_C` degrees C (0: no gate); after `timeout_s` the stage starts all the same."""

    below_C: float = 0.0
    timeout_s: float = 900.0


def wait(
    gate: Gate,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    root: Path = Path("/"),
    sleep: Callable[[float], None] = time.sleep,
) -> Dict[str, Any]:
    """Wait until the machine is cool enough; what happened is JSON-able, and empty where nothing was asked for."""
    if not gate.below_C:
        return {}
    waited_s = 0.0
    while True:
        zones = temperatures(root)
        if not zones:
            warn(f"this machine tells no temperature, so nothing waits until it is below {gate.below_C:g} degrees C")
            return {"below_C": gate.below_C, "zone": None}
        hottest = max(zones, key=lambda zone: zones[zone])
        happened = {"below_C": gate.below_C, "start_C": zones[hottest], "zone": hottest, "waited_s": waited_s}
        if zones[hottest] < gate.below_C:
            return dict(happened, timed_out=False)
        if waited_s >= gate.timeout_s:
            warn(
                f"{hottest} is at {zones[hottest]:g} degrees C after {waited_s:g} s of waiting for it to fall below "
                f"{gate.below_C:g}: the stage starts all the same, and its rows are doubted"
            )
            return dict(happened, timed_out=True)
        tell(f"cooling down: {hottest} {zones[hottest]:.1f} degrees C")
        pause_s = min(LOOK_S, gate.timeout_s - waited_s)
        sleep(pause_s)
        waited_s += pause_s
