"""Half-widths of 95 % intervals from the shapes of what adds up: GUM without the assumption that all is normal."""

import math
from collections.abc import Iterable
from functools import lru_cache

SQRT3 = math.sqrt(3.0)
LEVEL = 0.95


def half_width(uniforms: Iterable[float], normals: Iterable[float]) -> float:
    """Half of the 95 % interval of a sum of independent errors with mean zero.

    `uniforms`: half-widths of rectangular errors; `normals`: standard deviations.  The largest rectangular error keeps
    its shape, all others are taken as normal: exact for one of each, within 2 % for any mixture.
    """
    sizes = sorted((abs(half) / SQRT3 for half in uniforms), reverse=True)
    variance = math.fsum(size * size for size in sizes) + math.fsum(sd * sd for sd in normals)
    if variance == 0:
        return 0.0
    share = sizes[0] ** 2 / variance if sizes else 0.0
    return factor(round(share, 3)) * math.sqrt(variance)


@lru_cache(maxsize=None)
def factor(share: float) -> float:
    """The coverage factor of a rectangular plus a normal error that has `share` of the variance: 1.960 to 1.645."""
    if share >= 1:
        return LEVEL * SQRT3
    a, sd = math.sqrt(3 * share), math.sqrt(1 - share)
    low, high = 1.0, 3.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if _inside(middle, a, sd) < LEVEL else (low, middle)
    return high


def _inside(k: float, a: float, sd: float) -> float:
    """Probability that a rectangular error within +-a plus a normal one stays within +-k."""
    if a < 1e-9:
        return math.erf(k / sd / math.sqrt(2))
    return (_integral(k + a, sd) - _integral(k - a, sd) - _integral(a - k, sd) + _integral(-a - k, sd)) / (2 * a)


def _integral(x: float, sd: float) -> float:
    """Integral of the normal distribution function up to x."""
    z = x / sd
    return x * 0.5 * (1 + math.erf(z / math.sqrt(2))) + sd * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
