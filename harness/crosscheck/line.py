"""A straight line through readings of two meters, with what it leaves over."""

from typing import NamedTuple

import numpy as np


class Line(NamedTuple):
    """y = slope * x + offset; standard deviations of the slope, and of y at `centre`.  `residual` is a weighted rms."""

    slope: float
    offset: float
    slope_sd: float
    centre: float
    centre_sd: float
    residual: float
    points: int


def fit(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Line:
    """The line of least weighted squares; ValueError where x does not vary."""
    whole = float(weights.sum())
    x_mean, y_mean = float((weights * x).sum()) / whole, float((weights * y).sum()) / whole
    spread = float((weights * (x - x_mean) ** 2).sum())
    if not spread > 1e-12 * whole * (1 + x_mean**2):
        raise ValueError("power was the same all the time, so there is no line to draw")
    slope = float((weights * (x - x_mean) * (y - y_mean)).sum()) / spread
    left = weights * (y - y_mean - slope * (x - x_mean)) ** 2
    variance = float(left.sum()) / max(1, len(x) - 2)
    return Line(
        slope,
        y_mean - slope * x_mean,
        (variance / spread) ** 0.5,
        x_mean,
        (variance / whole) ** 0.5,
        (float(left.sum()) / whole) ** 0.5,
        len(x),
    )


def unexplained(x: np.ndarray, y: np.ndarray) -> float:
    """The mean square of y that no line through x explains; NaN with fewer than 8 points that both have."""
    known = ~(np.isnan(x) | np.isnan(y))
    if known.sum() < 8:
        return float("nan")
    x, y = x[known] - x[known].mean(), y[known] - y[known].mean()
    spread = float(x @ x)
    explained = float(x @ y) ** 2 / spread if spread > 0 else 0.0
    return max(0.0, float(y @ y) - explained) / len(y)
