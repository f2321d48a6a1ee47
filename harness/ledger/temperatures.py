"""How warm the machine was while it worked: leakage grows with temperature, so joules of a hot board are others."""

from typing import Dict, List

import numpy as np

from harness.ledger.stage import StageRun
from harness.ledger.state import State


def while_working(run: StageRun) -> Dict[str, float]:
    """Mean degrees C of each zone over the work of a stage that counts; a zone that was never read is left out."""
    read: Dict[str, List[float]] = {}
    for state in run.states():
        inside = _working(run, state)
        for zone, values in state.temperatures().items():
            read.setdefault(zone, []).extend(values[inside & ~np.isnan(values)].tolist())
    return {zone: sum(values) / len(values) for zone, values in read.items() if values}


def _working(run: StageRun, state: State) -> np.ndarray:
    """Which samples of an attempt lie in work that counts."""
    inside = np.zeros(len(state.t_ns), dtype=bool)
    for window in run.windows():
        if window.attempt == state.attempt and window.phase == window.role and not window.lost and window.stop_ns:
            inside |= (state.t_ns >= window.start_ns) & (state.t_ns <= window.stop_ns)
    return inside
