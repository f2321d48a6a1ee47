"""Means over repetitions with a t interval, and how it joins the uncertainty of what was measured."""

import math
from collections.abc import Sequence

from results.uncertainty.budget import Interval

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
    value = math.fsum(one.value for one in measured) / count
    low = value - math.fsum(one.low for one in measured) / count
    high = math.fsum(one.high for one in measured) / count - value
    if count == 1:
        return measured[0]
    scatter = t95(count - 1) * deviation([one.value for one in measured]) / math.sqrt(count)
    return Interval(value, value - math.hypot(low, scatter), value + math.hypot(high, scatter))


def deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
