"""How often a sensor really has a new value, whatever it is read at: the time between changes."""

from typing import Dict, List, Optional, Sequence

import numpy as np

from harness.recording.histogram import Histogram

FEWEST_CHANGES = 10  # before so many nothing is said


class Refresh:
    """Takes the powers of each channel in order, batch by batch.

    A sensor that shows the same value twice seems slower than it is; so the figure is the median, which holds as long
    as most of its values differ, and never below the time between two readings.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self._channels = [_Channel() for _ in channels]
        self._names = channels

    def update(self, t_ns: Sequence[int], powers: np.ndarray) -> None:
        """`powers`: a row for each channel, a column for each time; NaN is no change."""
        times = np.array(t_ns, dtype=np.int64)
        for channel, values in zip(self._channels, powers):
            channel.update(times, values)

    def seconds(self) -> Dict[str, Optional[float]]:
        """Median time between changes of each channel; None where there were too few to tell."""
        return {name: channel.seconds() for name, channel in zip(self._names, self._channels)}


class _Channel:
    def __init__(self) -> None:
        self._intervals = Histogram()
        self._last: List[float] = []  # the value before
        self._changed: List[int] = []  # when it came

    def update(self, times: np.ndarray, values: np.ndarray) -> None:
        known = ~np.isnan(values)
        times, values = times[known], values[known]
        if not len(values):
            return
        before = np.concatenate([self._last or values[:1], values[:-1]])
        changes = np.concatenate([np.array(self._changed, dtype=np.int64), times[values != before]])
        steps = np.diff(changes)
        self._intervals.extend(steps[steps > 0])  # a device's clock that begins anew makes a step back
        self._last, self._changed = [float(values[-1])], changes[-1:].tolist()

    def seconds(self) -> Optional[float]:
        median = self._intervals.quantile(0.5)
        return median / 1e9 if self._intervals.n >= FEWEST_CHANGES else None
