"""Power samples to joules: exact for what the samples say, and an error where they say nothing."""

import math
from typing import List, Optional, Sequence, Tuple

import numpy as np

_BLOCK = 1 << 17  # samples of one block: three buffers of a megabyte, which stay in the cache
_ROW = 1 << 13  # products added up by one call of BLAS, which would start threads for more than ten thousand


def integrate(
    t_s: Sequence[float],
    power_w: Sequence[float],
    start_s: float,
    stop_s: float,
    max_gap_s: Optional[float] = None,
    shape: str = "instant",
) -> float:
    """Joules from `start_s` to `stop_s`.

    Power is taken as piecewise linear between samples and interpolated at the edges; with
    shape="mean_over_period" sample i holds from t[i-1] to t[i].  Repeats count like any other sample.
    ValueError: the window is not covered, samples further apart than `max_gap_s`, NaN, time not increasing.
    """
    t, power = np.asarray(t_s, dtype=np.float64), np.asarray(power_w, dtype=np.float64)
    _check_shape(t, power)
    if not np.all(np.diff(t) > 0):
        raise ValueError("sample times do not increase (or are NaN)")
    if not start_s <= stop_s:
        raise ValueError(f"the window ends at {stop_s} s, before its start at {start_s} s")
    if not t[0] <= start_s or not stop_s <= t[-1]:
        raise ValueError(
            f"the window from {start_s} s to {stop_s} s is not covered: samples reach from {t[0]} s to {t[-1]} s"
        )
    first, last = _around(t, start_s, stop_s)
    t, power = t[first : last + 1], power[first : last + 1]
    _check_gap(t, max_gap_s)
    edges = np.concatenate(([start_s], t[(t > start_s) & (t < stop_s)], [stop_s]))
    duration = np.diff(edges)
    if shape == "mean_over_period":
        joules = duration * power[np.searchsorted(t, edges[1:])]
    else:
        at_edges = np.interp(edges, t, power)
        joules = duration * (at_edges[1:] + at_edges[:-1]) / 2
    return _finite(math.fsum(joules.tolist()), start_s, stop_s)


def partition(t_ns: np.ndarray, power_w: np.ndarray, edges_ns: Sequence[int], shape: str = "instant") -> np.ndarray:
    """Joules between successive edges: float64[len(edges_ns) - 1], as `integrate` for each pair.

    `t_ns` is int64 and increases strictly, which `Trace` has made sure of and this does not look at again:
    a hundred million samples take a few times as long as adding them up, in three megabytes.
    ValueError: the edges are not covered or not in order, or power is NaN.
    """
    _check_shape(t_ns, power_w)
    edges = [int(edge) for edge in edges_ns]
    if sorted(edges) != edges:
        raise ValueError("the edges of a partition must not decrease")
    if edges and (edges[0] < t_ns[0] or edges[-1] > t_ns[-1]):
        raise ValueError(
            f"the window from {edges[0]} ns to {edges[-1]} ns is not covered: samples reach from "
            f"{t_ns[0]} ns to {t_ns[-1]} ns"
        )
    window = _Window(t_ns, power_w, shape == "mean_over_period")
    after = np.searchsorted(t_ns, edges)
    joules = [
        _finite(window.energy(*window_edges), window_edges[0] / 1e9, window_edges[1] / 1e9)
        for window_edges in zip(edges, edges[1:], after.tolist(), after[1:].tolist())
    ]
    return np.array(joules, dtype=np.float64)


class _Window:
    """Energy between two edges, each given with the index of the first sample at or after it."""

    def __init__(self, t: np.ndarray, power: np.ndarray, held: bool) -> None:
        self._t, self._power, self._held = t, power, held
        size = min(_BLOCK, len(t))
        self._ticks = np.empty(size, dtype=np.int64)
        self._duration, self._doubles = np.empty(size), np.empty(size)

    def energy(self, start: int, stop: int, first: int, beyond: int) -> float:
        if first == beyond:
            return self._within(start, stop, first)
        last = beyond - 1
        parts = [
            self._within(start, int(self._t[first]), first),
            self._within(int(self._t[last]), stop, beyond),
        ]
        return math.fsum(parts + self._between(first, last))

    def _within(self, start: int, stop: int, index: int) -> float:
        """From start to stop, both between samples index - 1 and index."""
        if start == stop:
            return 0.0
        if self._held:
            return float(self._power[index]) * (stop - start) / 1e9
        return (self._at(start, index) + self._at(stop, index)) * (stop - start) / 2e9

    def _at(self, time: int, index: int) -> float:
        left, right = int(self._t[index - 1]), int(self._t[index])
        past, ahead = (time - left) / (right - left), (right - time) / (right - left)  # 1 - share would lose digits
        return float(self._power[index - 1]) * ahead + float(self._power[index]) * past

    def _between(self, first: int, last: int) -> List[float]:
        """From sample first to sample last.

        Trapezia by parts: sum of (t[i+1] - t[i]) (p[i] + p[i+1]) = sum of p[i] (t[i+1] - t[i-1]), so that one
        product per sample is left, and the two ends.
        """
        if first == last:
            return []
        if self._held:
            return [self._products(first + 1, last + 1, 0, 1e9)]
        t, power = self._t, self._power
        ends = [
            float(power[first]) * int(t[first + 1] - t[first]) / 2e9,
            float(power[last]) * int(t[last] - t[last - 1]) / 2e9,
        ]
        return ends + [self._products(first + 1, last, 1, 2e9)]

    def _products(self, begin: int, end: int, ahead: int, unit: float) -> float:
        """Sum over begin <= i < end of p[i] (t[i + ahead] - t[i - 1]) / unit, in blocks.

        Both are converted to doubles in the cache, and their products added up in many sums at once: the error stays
        below 1e-12 of a sum of positive products, in the worst case.
        """
        if end - begin <= _ROW:
            few = self._t[begin + ahead : end + ahead] - self._t[begin - 1 : end - 1]
            return float(np.dot(few.astype(np.float64), self._power[begin:end].astype(np.float64))) / unit
        sums = []
        for low in range(begin, end, _BLOCK):
            high = min(low + _BLOCK, end)
            ticks, duration, watts = (
                self._ticks[: high - low],
                self._duration[: high - low],
                self._doubles[: high - low],
            )
            np.subtract(self._t[low + ahead : high + ahead], self._t[low - 1 : high - 1], out=ticks)
            duration[:], watts[:] = ticks, self._power[low:high]
            sums += _sums(duration, watts)
        return math.fsum(sums) / unit


def _sums(a: np.ndarray, b: np.ndarray) -> List[float]:
    """Sums of products, one for each row and one for what is left."""
    whole = len(a) // _ROW * _ROW
    rows = np.matmul(a[:whole].reshape(-1, 1, _ROW), b[:whole].reshape(-1, _ROW, 1)) if whole else np.empty(0)
    return rows.ravel().tolist() + [float(np.einsum("i,i->", a[whole:], b[whole:]))]


def _around(t: np.ndarray, start: float, stop: float) -> Tuple[int, int]:
    """First and last sample that the window needs: those at or just outside its edges."""
    return int(np.searchsorted(t, start, "right")) - 1, int(np.searchsorted(t, stop, "left"))


def _check_shape(t: np.ndarray, power: np.ndarray) -> None:
    if t.ndim != 1 or t.shape != power.shape:
        raise ValueError(f"times of shape {t.shape} and power of shape {power.shape} do not go together")
    if len(t) == 0:
        raise ValueError("there are no samples")


def _check_gap(t: np.ndarray, max_gap_s: Optional[float]) -> None:
    longest = float(np.max(np.diff(t))) if len(t) > 1 else 0.0
    if max_gap_s is not None and longest > max_gap_s:
        raise ValueError(f"samples are up to {longest:g} s apart in the window, more than {max_gap_s:g} s")


def _finite(joules: float, start_s: float, stop_s: float) -> float:
    if not math.isfinite(joules):
        raise ValueError(f"power is not a number somewhere between {start_s} s and {stop_s} s")
    return joules
