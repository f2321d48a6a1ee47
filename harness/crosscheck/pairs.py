"""Every pair of meters of a staircase: what the later named one says of what the earlier named one sees."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from harness.crosscheck import olympic
from harness.crosscheck.fit import Fit, compare
from harness.crosscheck.series import Series, mean_W, of_trace
from harness.crosscheck.staircase import Window


class View(NamedTuple):
    """Power as one meter shows it: of the whole input, or of one channel where the meter has no total."""

    meter: str
    channel: Optional[str]
    boundaries: Tuple[str, ...]
    simulated: bool
    series: Series

    @property
    def name(self) -> str:
        return self.meter if self.channel is None else f"{self.meter} {self.channel}"


class Compared(NamedTuple):
    """`fit` is None where the two have nothing in common, and `reason` says so."""

    reference: str
    meter: str
    fit: Optional[Fit]
    levels: List[olympic.Level]
    acceptance: Optional[olympic.Acceptance]
    reason: str


def views(meter: str, trace: Any, origin_ns: int) -> List[View]:
    """What a trace (`meters.trace.Trace`) shows; seconds count from `origin_ns`."""
    shown = [None] if trace.total else [channel.name for channel in trace.channels]
    return [_view(meter, trace, channel, origin_ns) for channel in shown]


def _view(meter: str, trace: Any, channel: Optional[str], origin_ns: int) -> View:
    names = trace.total if channel is None else (channel,)
    boundaries = tuple(sorted({one.boundary for one in trace.channels if one.name in names}))
    return View(meter, channel, boundaries, trace.simulated, of_trace(trace, channel, origin_ns))


def seen_W(view: View, windows: Sequence[Window], origin_ns: int) -> Dict[str, float]:
    """Mean power at each load: which of them a meter sees at all tells where it sits."""
    found: Dict[str, List[float]] = {}
    for window in windows:
        found.setdefault(window.load, []).append(_mean_W(view.series, window, origin_ns))
    return {load: float(np.mean(watts)) for load, watts in found.items()}


def compared(found: Sequence[View], windows: Sequence[Window], window_s: float, origin_ns: int) -> List[Compared]:
    return [_compared(one, other, windows, window_s, origin_ns) for one, other in _pairs(found)]


def _pairs(found: Sequence[View]) -> Iterator[Tuple[View, View]]:
    """Channels of one meter are not held against each other."""
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            if other.meter != one.meter:
                yield one, other


def _compared(one: View, other: View, windows: Sequence[Window], window_s: float, origin_ns: int) -> Compared:
    try:
        fit = compare(one.series, other.series)
    except ValueError as error:
        return Compared(one.name, other.name, None, [], None, str(error))
    both = [
        olympic.Pair(
            window.load,
            window_s,
            _mean_W(one.series, window, origin_ns),
            _mean_W(other.series, window, origin_ns - int(1e9 * fit.lag_s)),
        )
        for window in windows
    ]
    levels = olympic.levels(both, fit.gain, fit.offset_W)
    return Compared(
        one.name,
        other.name,
        fit,
        levels,
        olympic.acceptance(levels, window_s, one.boundaries != other.boundaries),
        "",
    )


def _mean_W(series: Series, window: Window, origin_ns: int) -> float:
    return mean_W(series, (window.start_ns - origin_ns) / 1e9, (window.stop_ns - origin_ns) / 1e9)
