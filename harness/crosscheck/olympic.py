"""Acceptance after the rule of MLPerf Training: idle and two loads, five windows of a minute each, Olympic scored.

A meter is good to x % when its mean power stays within x % of a trusted one's at every level; of the five windows of a
level the best and the worst are dropped and the rest is averaged.
"""

import math
from typing import Dict, List, NamedTuple, Optional, Sequence

WINDOWS, WINDOW_S, LEVELS = 5, 60.0, 3
TARGET = 0.05  # of that rule, for a meter


class Level(NamedTuple):
    """Mean powers of both meters at one load over its windows, and the Olympic mean of meter / reference - 1.

    `corrected`: the same for the meter's readings with gain and offset taken out.
    """

    load: str
    reference_W: float
    meter_W: float
    deviation: float
    corrected: float
    windows: int


class Acceptance(NamedTuple):
    """The largest deviation of any level, and after correction; `reason` says why the rule is not met, or is empty."""

    deviation: float
    corrected: float
    reason: str

    @property
    def accepted(self) -> bool:
        return not self.reason


class Pair(NamedTuple):
    """Mean powers of one window on both meters."""

    load: str
    seconds: float
    reference_W: float
    meter_W: float


def score(values: Sequence[float]) -> float:
    """The mean without the lowest and the highest; of fewer than three, the plain mean."""
    kept = sorted(values)[1:-1] if len(values) > 2 else values
    return math.fsum(kept) / len(kept)


def levels(windows: Sequence[Pair], gain: float, offset_W: float) -> List[Level]:
    """One for each load, in the order in which they first came."""
    by_load: Dict[str, List[Pair]] = {}
    for window in windows:
        by_load.setdefault(window.load, []).append(window)
    return [
        Level(
            load,
            math.fsum(one.reference_W for one in found) / len(found),
            math.fsum(one.meter_W for one in found) / len(found),
            score([one.meter_W / one.reference_W - 1 for one in found]),
            score([(one.meter_W - offset_W) / gain / one.reference_W - 1 for one in found]),
            len(found),
        )
        for load, found in by_load.items()
    ]


def acceptance(found: Sequence[Level], window_s: float, elsewhere: bool) -> Optional[Acceptance]:
    """None without levels; `elsewhere`: the two meters sit at different boundaries."""
    if not found:
        return None
    deviation = max((level.deviation for level in found), key=abs)
    corrected = max((level.corrected for level in found), key=abs)
    return Acceptance(deviation, corrected, _why_not(found, window_s, elsewhere, deviation))


def _why_not(found: Sequence[Level], window_s: float, elsewhere: bool, deviation: float) -> str:
    fewest = min(level.windows for level in found)
    if elsewhere:
        return "the two meters sit at different boundaries, so losses lie between them"
    if len(found) < LEVELS:
        return f"the rule wants idle and two loads, and there were {len(found)} levels"
    if fewest < WINDOWS or window_s < WINDOW_S:
        return f"the rule wants {WINDOWS} windows of {WINDOW_S:g} s, and there were {fewest} of {window_s:g} s"
    if abs(deviation) > TARGET:
        return f"it deviates by {100 * deviation:+.2f} %, more than {100 * TARGET:g} %"
    return ""
