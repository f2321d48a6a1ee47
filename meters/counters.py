"""Energy counters as power: what was counted since the last reading, over the time since then."""

from typing import List, Optional, Sequence, Tuple

from meters.clock import monotonic_ns


class Counters:
    """Counters that only grow, in steps of `unit_J`; `ranges`: where each begins again at 0, None = never."""

    def __init__(self, unit_J: float, ranges: Sequence[Optional[int]]) -> None:
        self._unit_J, self._ranges = unit_J, ranges
        self._last: Sequence[Optional[int]] = [None] * len(ranges)
        self._total: List[int] = [0] * len(ranges)
        self._time_ns = 0

    def update(self, counts: Sequence[Optional[int]]) -> Tuple[List[Optional[float]], List[Optional[float]]]:
        """Mean watts since the last update, None at the first, and joules since the first."""
        now_ns = monotonic_ns()
        elapsed_s, self._time_ns = (now_ns - self._time_ns) / 1e9, now_ns
        watts: List[Optional[float]] = []
        for n, (count, last, most) in enumerate(zip(counts, self._last, self._ranges)):
            step = None if count is None or last is None else _step(count - last, most)
            self._total[n] += step or 0
            watts.append(None if step is None or elapsed_s <= 0 else step * self._unit_J / elapsed_s)
        self._last = counts
        joules = [None if count is None else total * self._unit_J for count, total in zip(counts, self._total)]
        return watts, joules


def _step(difference: int, most: Optional[int]) -> Optional[int]:
    """A counter that is behind its last value has begun again: at its range, or unknown where."""
    if difference >= 0:
        return difference
    return None if most is None else difference + most
