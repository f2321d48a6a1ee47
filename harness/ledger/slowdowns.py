"""When the machine slowed itself down while a stage ran: clocks below what they should be, limits, counters."""

from typing import Iterator, List, NamedTuple, Tuple

import numpy as np

from harness.ledger.state import State
from harness.ledger.windows import Window

SLOW = 0.95  # of the expected clock; clocks are told rounded
BUSY = 0.9
IN_A_ROW = 2  # samples: one alone may have been taken while a clock was changing


class Slowdown(NamedTuple):
    """One cause in one stretch: `what` says which gauge, `before` and `after` its values with their unit."""

    attempt: int
    start_ns: int
    stop_ns: int
    what: str
    before: str
    after: str

    @property
    def seconds(self) -> float:
        return (self.stop_ns - self.start_ns) / 1e9

    def reaches_into(self, window: Window) -> bool:
        return self._before_the_end_of(window) and self.stop_ns > window.start_ns

    def began_in(self, window: Window) -> bool:
        return self._before_the_end_of(window) and self.start_ns >= window.start_ns

    def _before_the_end_of(self, window: Window) -> bool:
        return self.attempt == window.attempt and (window.stop_ns is None or self.start_ns < window.stop_ns)


def slowdowns(state: State) -> List[Slowdown]:
    """Every slowdown of an attempt, in order of time."""
    with np.errstate(invalid="ignore"):  # NaN, what could not be read, is below and above nothing
        found = [*_clocks(state), *_limits(state), *_rises(state)]
    return sorted(found, key=lambda slowdown: (slowdown.start_ns, slowdown.what))


def _clocks(state: State) -> Iterator[Slowdown]:
    """A clock below what it should be while it had work, or at any time where it was pinned."""
    for name in state.of_kind("clock"):
        gauge, clock = state.gauges[name], state.columns[name]
        expected = gauge.get("expected")
        if not isinstance(expected, (int, float)):
            continue
        working = state.columns[gauge["busy"]] >= BUSY if gauge.get("busy") in state.columns else True
        for start, stop in _stretches((clock < SLOW * expected) & working):
            if stop - start >= IN_A_ROW:
                lowest = float(np.nanmin(clock[start:stop]))
                yield _slowdown(state, start, stop, _of(name, "_Hz", "clock of "), _MHz(expected), _MHz(lowest))


def _limits(state: State) -> Iterator[Slowdown]:
    """The highest clock that the kernel allows, below what it was at the start."""
    for name in state.of_kind("limit"):
        limit = state.columns[name]
        for start, stop in _stretches(limit < limit[0]):
            lowest = float(np.nanmin(limit[start:stop]))
            what = _of(name, "_limit_Hz", "limit of the clock of ")
            yield _slowdown(state, start, stop, what, _MHz(limit[0]), _MHz(lowest))


def _rises(state: State) -> Iterator[Slowdown]:
    """Throttle counters that rose, and levels of cooling above that at the start."""
    for name in state.of_kind("counter"):
        counter = state.columns[name]
        for start, stop in _stretches(np.diff(counter) > 0):
            before, after = f"{counter[start]:g}", f"{counter[stop]:g}"
            yield _slowdown(state, start + 1, stop, _of(name, "_events", "counter "), before, after)
    for name in state.of_kind("cooling"):
        level = np.maximum(state.columns[name], 0)  # some say -1 when they are off
        for start, stop in _stretches(level > level[0]):
            what = _of(name, "_level", "level of cooling by ")
            yield _slowdown(state, start, stop, what, f"{level[0]:g}", f"{np.nanmax(level[start:stop]):g}")


def _stretches(flags: np.ndarray) -> List[Tuple[int, int]]:
    """Start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


def _slowdown(state: State, start: int, stop: int, what: str, before: str, after: str) -> Slowdown:
    """From the last sample before the stretch to the first one after it: in between nobody looked."""
    first, last = int(state.t_ns[max(0, start - 1)]), int(state.t_ns[min(stop, len(state.t_ns) - 1)])
    return Slowdown(state.attempt, first, last, what, before, after)


def _of(name: str, unit: str, words: str) -> str:
    return words + name[: -len(unit)]


def _MHz(hertz: float) -> str:
    return f"{hertz / 1e6:g} MHz"
