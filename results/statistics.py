"""Means over repetitions with a t interval, and how it joins the uncertainty of what was measured."""

import math
from collections.abc import Sequence

from results.uncertainty.budget import Budget, Interval, ratio, total

Measured = tuple[float, Budget]  # J, and what may be wrong with them

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
        2.042)  # fmt: skip


def t95(freedom: int) -> float:
    """Student's t for a two-sided 95 % interval; beyond 30 degrees of freedom to within 0.001."""
    return _T95[freedom - 1] if freedom <= len(_T95) else 1.95996 + 2.3722 / freedom + 2.82 / freedom**2


def mean_interval(measured: Sequence[Interval]) -> Interval:
    """The mean of repeated measurements: their scatter by a t interval, joined with what they may all have in common.

    One measurement has no scatter: its interval is that of the measurement alone.
    """
    count = len(measured)
    if count == 1:
        return measured[0]
    value, low, high = (math.fsum(part) / count for part in zip(*measured, strict=True))
    scatter = t95(count - 1) * deviation([one.value for one in measured]) / math.sqrt(count)
    return _joined(Interval(value, low, high), scatter)


def ratio_interval(pairs: Sequence[tuple[Measured, Measured]]) -> Interval:
    """The mean of the first over the mean of the second, from runs in pairs; one pair has no scatter.

    What differs between pairs for both alike does not count: the scatter is that of how far each first is from the
    common ratio times its second.
    """
    count, bottom = len(pairs), math.fsum(second for _, (second, _) in pairs)
    top = math.fsum(first for (first, _), _ in pairs)
    metered = ratio((top, total(one for (_, one), _ in pairs)), (bottom, total(one for _, (_, one) in pairs)))
    if count == 1:
        return metered
    away = [(first - metered.value * second) / (bottom / count) for (first, _), (second, _) in pairs]
    return _joined(metered, t95(count - 1) * deviation(away) / math.sqrt(count))


def _joined(measured: Interval, scatter: float) -> Interval:
    """An interval of the metering with a scatter that is independent of it."""
    value, low, high = measured
    return Interval(value, value - math.hypot(value - low, scatter), value + math.hypot(high - value, scatter))


def deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
