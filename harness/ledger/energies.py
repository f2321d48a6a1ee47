"""Energy of every window of an attempt on one meter: with what is inside it, and without; or the reason for none."""

import math
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from harness.ledger.windows import Window
from meters.errors import MeterError

HELD_PERIODS = 5  # the gap, in native periods, that meters.trace bridges too


class Reading(NamedTuple):
    """A window's energy.  `own_*` is the part outside its children: own parts of an attempt sum to the attempt.

    Where samples do not cover the window there is no figure, but a reason; `held_s` is the part at the end of an
    attempt that died for which the last sample stands in (at most the longest gap that counts as none).
    """

    window: Window
    meter: str
    channel: Optional[str]
    joules: Optional[float]
    own_joules: Optional[float]
    seconds: float
    own_seconds: float
    coverage: float
    longest_gap_s: float
    held_s: float
    reason: Optional[str]
    own_reason: Optional[str]

    @property
    def mean_W(self) -> Optional[float]:
        return self.joules / self.seconds if self.joules is not None and self.seconds > 0 else None


class _Pieces(NamedTuple):
    """The stretches between all edges of an attempt's windows."""

    edges_ns: np.ndarray
    seconds: List[float]
    joules: List[float]  # NaN where samples do not cover
    covered_ns: List[int]
    gap_s: List[float]
    held_s: List[float]
    gaps: List[Tuple[int, int]]  # where nothing was recorded, also before the first and after the last sample
    own: List[List[int]]  # pieces of which each window is the innermost
    spans: List[Tuple[int, int]]  # first and last piece of each window


def readings(windows: Sequence[Window], trace: Any, meter: str, channel: Optional[str] = None) -> List[Reading]:
    """The energy of `windows`, all those of one attempt, from its trace (`meters.trace.Trace`)."""
    pieces = _pieces(windows, trace, channel)
    return [_reading(index, window, pieces, meter, channel) for index, window in enumerate(windows)]


def unread(windows: Sequence[Window], meter: str, channel: Optional[str], reason: str) -> List[Reading]:
    """The same windows where there is no trace to read."""
    seconds = [0.0 if w.stop_ns is None else (w.stop_ns - w.start_ns) / 1e9 for w in windows]
    own = list(seconds)
    for window, length in zip(windows, seconds):
        if window.parent is not None:
            own[window.parent - _offset(windows)] -= length
    return [
        Reading(window, meter, channel, None, None, whole, max(0.0, part), 0.0, whole, 0.0, reason, reason)
        for window, whole, part in zip(windows, seconds, own)
    ]


def _offset(windows: Sequence[Window]) -> int:
    """Where the attempt's windows begin in the list that parents refer to: the second one's parent is the first."""
    return windows[1].parent or 0 if len(windows) > 1 else 0


def _pieces(windows: Sequence[Window], trace: Any, channel: Optional[str]) -> _Pieces:
    first, last = _recorded(trace, channel)
    reach = _reach(windows, trace, last)
    gaps = list(trace.gaps(None, channel))
    stops = [max(window.start_ns, reach) if window.stop_ns is None else window.stop_ns for window in windows]
    starts = [window.start_ns for window in windows]
    edges = np.unique(np.array(starts + stops, dtype=np.int64))
    begin, end = np.searchsorted(edges, starts), np.searchsorted(edges, stops)
    spans = list(zip(begin.tolist(), end.tolist()))
    outside = (int(edges[0]), first), (reach, int(edges[-1]))
    gaps += [(start, stop) for start, stop in outside if start < stop]
    gap_ns = _gap_ns(edges, gaps)
    joules = _joules(edges, gap_ns == 0, trace, channel, last)
    return _Pieces(
        edges,
        (np.diff(edges) / 1e9).tolist(),
        joules.tolist(),
        (np.diff(edges) - gap_ns.clip(max=np.diff(edges))).tolist(),
        (_longest_gap_ns(edges, gaps) / 1e9).tolist(),
        (_overlap(edges, last, reach) / 1e9).tolist(),
        gaps,
        _own(spans, len(edges) - 1),
        spans,
    )


def _own(spans: Sequence[Tuple[int, int]], count: int) -> List[List[int]]:
    """The pieces of each window that no window behind it in the list, which is its child, holds."""
    owner = [0] * count
    for index, (begin, end) in enumerate(spans):
        owner[begin:end] = [index] * (end - begin)
    own: List[List[int]] = [[] for _ in spans]
    for piece, index in enumerate(owner):
        own[index].append(piece)
    return own


def _recorded(trace: Any, channel: Optional[str]) -> Tuple[int, int]:
    """Times of the first and the last sample that have a power."""
    known = ~np.isnan(trace.power_W(channel))
    if not known.any():
        raise MeterError("no sample of the trace has a power")
    return int(trace.t_ns[known.argmax()]), int(trace.t_ns[len(known) - 1 - known[::-1].argmax()])


def _reach(windows: Sequence[Window], trace: Any, last: int) -> int:
    """How far the record reaches: an attempt that died between an epoch's end and the next sample is given the last
    sample for at most the span that is no gap elsewhere."""
    if windows[0].ended:
        return last
    limit = last + int(HELD_PERIODS * trace.period_s * 1e9)
    return max([last] + [w.stop_ns for w in windows if w.stop_ns is not None and w.stop_ns <= limit])


def _joules(edges: np.ndarray, valid: np.ndarray, trace: Any, channel: Optional[str], last: int) -> np.ndarray:
    """Energy of each piece; each run of valid pieces is integrated as one partition."""
    joules = np.full(len(edges) - 1, np.nan)
    bounds = np.flatnonzero(np.diff(np.concatenate(([0], valid.astype(np.int8), [0]))))
    for start, stop in zip(bounds[::2], bounds[1::2]):
        inside = np.unique(np.minimum(edges[start : stop + 1], last))
        joules[start:stop] = 0.0
        if len(inside) > 1:
            joules[start : start + len(inside) - 1] = trace.energies_J(inside, channel)
        held = _overlap(edges[start : stop + 1], last, None)
        if held.any():
            power = trace.power_W(channel)
            joules[start:stop] += held / 1e9 * float(power[~np.isnan(power)][-1])
    return joules


def _overlap(edges: np.ndarray, start: Optional[int], stop: Optional[int]) -> np.ndarray:
    """ns of each piece that lie between `start` and `stop` (None: unbounded)."""
    low = edges[:-1] if start is None else np.maximum(edges[:-1], start)
    high = edges[1:] if stop is None else np.minimum(edges[1:], stop)
    return np.maximum(high - low, 0)


def _gap_ns(edges: np.ndarray, gaps: Sequence[Tuple[int, int]]) -> np.ndarray:
    return sum((_overlap(edges, start, stop) for start, stop in gaps), np.zeros(len(edges) - 1, dtype=np.int64))


def _longest_gap_ns(edges: np.ndarray, gaps: Sequence[Tuple[int, int]]) -> np.ndarray:
    longest = np.zeros(len(edges) - 1, dtype=np.int64)
    for start, stop in gaps:
        longest = np.maximum(longest, np.where(_overlap(edges, start, stop) > 0, stop - start, 0))
    return longest


def _reading(index: int, window: Window, pieces: _Pieces, meter: str, channel: Optional[str]) -> Reading:
    begin, end = pieces.spans[index]
    whole, own = slice(begin, end), pieces.own[index]
    seconds = math.fsum(pieces.seconds[whole])
    nothing = window.stop_ns is None and seconds == 0
    joules = None if nothing else _sum(pieces.joules[whole])
    own_joules = None if nothing else _sum([pieces.joules[piece] for piece in own])
    return Reading(
        window,
        meter,
        channel,
        joules,
        own_joules,
        seconds,
        math.fsum(pieces.seconds[piece] for piece in own),
        sum(pieces.covered_ns[whole]) / 1e9 / seconds if seconds else 0.0,
        max(pieces.gap_s[whole], default=0.0),
        math.fsum(pieces.held_s[whole]),
        None if joules is not None else _why(pieces, range(begin, end), window, meter),
        None if own_joules is not None else _why(pieces, own, window, meter),
    )


def _sum(joules: Sequence[float]) -> Optional[float]:
    total = math.fsum(joules)
    return None if math.isnan(total) else total


def _why(pieces: _Pieces, inside: Sequence[int], window: Window, meter: str) -> str:
    missing = [piece for piece in inside if math.isnan(pieces.joules[piece])]
    if not missing:
        return "meter {} has no sample after {} began".format(meter, window.phase)
    start, stop = _longest_gap(pieces, missing)
    return (
        f"meter {meter} recorded nothing for {(stop - start) / 1e9:.3g} s, "
        f"{(start - int(pieces.edges_ns[0])) / 1e9:.1f} s into attempt {window.attempt}"
    )


def _longest_gap(pieces: _Pieces, missing: Sequence[int]) -> Tuple[int, int]:
    """The longest of the gaps that reach into the pieces `missing`."""
    low, high = pieces.edges_ns[missing[0]], pieces.edges_ns[missing[-1] + 1]
    return max((gap for gap in pieces.gaps if gap[0] < high and gap[1] > low), key=lambda gap: gap[1] - gap[0])
