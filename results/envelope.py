"""The extremes of power in successive spans of time: what can be drawn of any number of samples, no peak lost."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Envelope(NamedTuple):
    """Lowest and highest power in successive spans; NaN where nothing was recorded.

    `samples_per_span` is the mean number of samples in one; a span without any holds the line between its neighbours.
    """

    edges_s: np.ndarray
    low_W: np.ndarray
    high_W: np.ndarray
    samples_per_span: float


def envelope(
    t_ns: np.ndarray,
    power_W: np.ndarray,
    start_ns: int,
    stop_ns: int,
    gaps: Sequence[tuple[int, int]] = (),
    spans: int = 1000,
) -> Envelope:
    """At most `spans` equal spans from `start_ns` to `stop_ns`, never more than there are samples.

    Times in the result are seconds after `start_ns`.  Power between two samples is on the straight line between them,
    except in one of the `gaps`.
    """
    first, last = (int(index) for index in np.searchsorted(t_ns, (start_ns, stop_ns)))
    spans = max(1, min(spans, last - first))
    edges = np.linspace(start_ns, stop_ns, spans + 1).round().astype(np.int64)
    at = np.searchsorted(t_ns, edges)
    low, high = _extremes(power_W, at)
    on_line = _between(t_ns, power_W, edges, at, gaps)
    low = np.fmin(low, np.fmin(on_line[:-1], on_line[1:]))
    high = np.fmax(high, np.fmax(on_line[:-1], on_line[1:]))
    return Envelope((edges - start_ns) / 1e9, low, high, (last - first) / spans)


def _extremes(power_W: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the samples at[i] to at[i + 1] each; NaN where there are none."""
    low, high = np.full(len(at) - 1, np.nan), np.full(len(at) - 1, np.nan)
    filled = np.flatnonzero(at[1:] > at[:-1])
    if len(filled):
        inside = power_W[: at[-1]]
        low[filled] = np.minimum.reduceat(inside, at[:-1][filled])
        high[filled] = np.maximum.reduceat(inside, at[:-1][filled])
    return low, high


def _between(
    t_ns: np.ndarray, power_W: np.ndarray, times: np.ndarray, after: np.ndarray, gaps: Sequence[tuple[int, int]]
) -> np.ndarray:
    """Power on the line between samples at `times`; NaN before the first, after the last and in a gap."""
    inside = (after > 0) & (after < len(t_ns))
    right = np.clip(after, 1, max(len(t_ns) - 1, 1))
    left = right - 1
    if len(t_ns) < 2:
        return np.full(len(times), np.nan)
    step = t_ns[right] - t_ns[left]
    share = (times - t_ns[left]) / step
    one, other = power_W[left].astype(float), power_W[right].astype(float)
    value = np.clip(one + share * (other - one), np.minimum(one, other), np.maximum(one, other))
    if len(gaps):
        begins, ends = np.array(gaps, dtype=np.int64).T
        gap = np.searchsorted(begins, times, side="right") - 1
        inside &= (gap < 0) | (times >= ends[gap])
    return np.where(inside, value, np.nan)
