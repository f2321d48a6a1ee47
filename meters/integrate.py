"""Power samples to joules: exact for what the samples say, and an error where they say nothing."""

import math
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np

_BLOCK = 1 << 17  # samples of one block: two buffers of a megabyte, which stay in the cache
_ROW = 1 << 13  # products added up by one call of BLAS, which would start threads for more than ten thousand
_MANTISSA = 1 << 52  # so many ns, 52 days, are the last bits of a double
_BITS = int(np.float64(_MANTISSA).view(np.int64))


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


def partition(
    t_ns: np.ndarray, power_w: np.ndarray, edges_ns: Union[Sequence[int], np.ndarray], shape: str = "instant"
) -> np.ndarray:
    """Joules between successive edges: float64[len(edges_ns) - 1], as `integrate` for each pair.

    `t_ns` is int64 and increases strictly, which `Trace` has made sure of and this does not look at again:
    a hundred million samples take a few times as long as adding them up, in three megabytes.
    ValueError: the edges are not covered or not in order, or power is NaN.
    """
    _check_shape(t_ns, power_w)
    edges = np.asarray(edges_ns, dtype=np.int64)
    if (edges[1:] < edges[:-1]).any():
        raise ValueError("the edges of a partition must not decrease")
    if len(edges) and (edges[0] < t_ns[0] or edges[-1] > t_ns[-1]):
        raise ValueError(
            f"the window from {edges[0]} ns to {edges[-1]} ns is not covered: samples reach from "
            f"{t_ns[0]} ns to {t_ns[-1]} ns"
        )
    if len(edges) < 2:
        return np.empty(0)
    held = shape == "mean_over_period"
    after = np.searchsorted(t_ns, edges)
    ends = _ends(t_ns, power_w, edges, after, held)
    between = _between(t_ns, power_w, after, held)
    unit = 1e9 if held else 2e9
    joules = np.array([math.fsum([early, late] + parts) / unit for early, late, parts in zip(*ends, between)])
    if not np.isfinite(joules).all():
        index = int(np.isfinite(joules).argmin())
        _finite(float(joules[index]), edges[index] / 1e9, edges[index + 1] / 1e9)
    return joules


def _ends(
    t: np.ndarray, power: np.ndarray, edges: np.ndarray, after: np.ndarray, held: bool
) -> Tuple[List[float], List[float]]:
    """W ns of each window before its first sample, and after its last; twice that of trapezia.

    `after` is the first sample at or after each edge; a window without a sample lies in front of one as a whole.
    Of trapezia the halves of the first and the last step between samples are added, which `_between` leaves out.
    """
    start, stop, first, last = edges[:-1], edges[1:], after[:-1], after[1:] - 1
    sampled = last >= first
    early_ns, late_ns = np.minimum(stop, t[first]) - start, np.where(sampled, stop - t[last], 0)
    if held:
        return _part(power[first], early_ns).tolist(), _part(power[last + 1], late_ns).tolist()
    at = _at(t, power, edges, after)
    first_ns = np.where(sampled, t[np.minimum(first + 1, last)] - t[first], 0)
    last_ns = np.where(sampled, t[last] - t[np.maximum(last - 1, first)], 0)
    early = _part(at[:-1] + np.where(sampled, power[first], at[1:]), early_ns) + _part(power[first], first_ns)
    late = _part(power[last] + at[1:], late_ns) + _part(power[last], last_ns)
    return early.tolist(), late.tolist()


def _part(watts: np.ndarray, ns: np.ndarray) -> np.ndarray:
    """W ns; what takes no time counts nothing, whatever its power."""
    return np.multiply(watts, ns, out=np.zeros(len(ns)), where=ns > 0)


def _at(t: np.ndarray, power: np.ndarray, edges: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Watts at the edges, on the straight line between samples."""
    before = np.maximum(after - 1, 0)
    left, right = t[before], t[after]
    step = np.maximum(right - left, 1)  # an edge at the first sample has no step before it
    past, ahead = (edges - left) / step, (right - edges) / step  # 1 - share would lose digits
    with np.errstate(invalid="ignore"):  # what is not finite is refused in the sum
        return np.asarray(power[before] * ahead + power[after] * past)


def _between(t: np.ndarray, power: np.ndarray, after: np.ndarray, held: bool) -> List[List[float]]:
    """W ns from the first to the last sample of each window, in parts; twice that of trapezia, without their ends.

    Trapezia by parts: sum of (t[i+1] - t[i]) (p[i] + p[i+1]) = sum of p[i] (t[i+1] - t[i-1]), so that one
    product per sample is left, and the two ends.  Samples are converted block by block whatever the windows, because
    memory is read fastest in long stretches, and the products of each window are added up while they are in the cache.
    """
    ahead = 0 if held else 1
    begins, ends = (after[:-1] + 1).tolist(), (after[1:] - ahead).tolist()
    parts: List[List[float]] = [[] for _ in begins]
    blocks, window = _Blocks(t, power, ahead), 0
    for low in range(begins[0], ends[-1], _BLOCK):
        high = min(low + _BLOCK, ends[-1])
        duration, watts = blocks.read(low, high)
        while window < len(begins):
            inside = slice(max(begins[window], low) - low, max(min(ends[window], high) - low, 0))
            parts[window] += _sums(duration[inside], watts[inside])
            if ends[window] > high:
                break
            window += 1
    return parts


class _Blocks:
    """Doubles of a block of samples at a time, in two buffers."""

    def __init__(self, t: np.ndarray, power: np.ndarray, ahead: int) -> None:
        self._t, self._power, self._ahead = t, power, ahead
        size = min(_BLOCK, len(t))
        self._bits, self._duration = np.empty(size + 2, dtype=np.int64), np.empty(size)

    def read(self, low: int, high: int) -> Tuple[np.ndarray, np.ndarray]:
        """t[i + ahead] - t[i - 1] in ns, and W, of low <= i < high, until the next call."""
        duration = self._durations(self._t[low - 1 : high + self._ahead])
        watts = self._bits[: high - low].view(np.float64)
        watts[:] = self._power[low:high]
        return duration, watts

    def _durations(self, t: np.ndarray) -> np.ndarray:
        """The bits of the double 2^52 + n are those of 2^52 with n added to them: times since the block's begin become
        doubles by one addition of integers, twice as fast as by conversion, and exact as long as n < 2^52.
        """
        apart = 1 + self._ahead
        if int(t[-1]) - int(t[0]) >= _MANTISSA:
            return (t[apart:] - t[:-apart]).astype(np.float64)
        bits = self._bits[: len(t)]
        np.add(t, _BITS - int(t[0]), out=bits)
        doubles = bits.view(np.float64)
        return np.subtract(doubles[apart:], doubles[:-apart], out=self._duration[: len(t) - apart])


def _sums(a: np.ndarray, b: np.ndarray) -> List[float]:
    """Sums of products, one for each row and one for what is left: many sums, so that the error of a sum of positive
    products stays below 1e-12 in the worst case."""
    whole = len(a) // _ROW * _ROW
    rest = float(np.dot(a[whole:], b[whole:]))
    if not whole:
        return [rest]
    return np.matmul(a[:whole].reshape(-1, 1, _ROW), b[:whole].reshape(-1, _ROW, 1)).ravel().tolist() + [rest]


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
