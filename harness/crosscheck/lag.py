"""By how much one meter trails another: the shift at which the readings of both lie best on one line."""

from typing import NamedTuple, Tuple

import numpy as np

from harness.crosscheck.line import unexplained
from harness.crosscheck.series import Points, Predict, Series, points, predictor

REACH_S = 3.0  # and two periods of the slower meter and five time constants of both
COARSE, FINE = 241, 41  # shifts that are tried at once
MOST_POINTS = 5000
LEAST_CORRELATION = 0.5
SIGMAS2 = 4.0


class Lag(NamedTuple):
    """Seconds by which the target trails its source.

    `within_s`: half of the stretch of shifts that do as well, and never less than half a sample of each: where power
    steps in time with the samples, each of the two is late by anything up to its period.
    """

    lag_s: float
    within_s: float
    correlation: float


class _Search(NamedTuple):
    """What a shift is judged by: the readings, what they should be, and what rounding alone leaves unexplained."""

    predict: Predict
    some: Points
    rounding_W2: float

    def left(self, lag_s: float) -> float:
        return unexplained(self.predict(self.some, lag_s), self.some.watts)

    def limit(self, least: float) -> float:
        """Below it a shift is as good as the best: two standard deviations of what noise and rounding leave."""
        noise = max(least, self.rounding_W2, 1e-6 * float(np.var(self.some.watts)))
        return least + SIGMAS2 * noise / len(self.some.watts)

    def telling(self, centre: float, radius: float) -> "_Search":
        """Of many readings those of which the shift makes the most difference: near steps of power."""
        if len(self.some.watts) <= MOST_POINTS:
            return self
        ends = [self.predict(self.some, centre + side * radius) for side in (-1, 1)]
        change = np.nan_to_num(np.abs(ends[1] - ends[0]))
        return self._replace(some=self.some.pick(np.sort(np.argsort(-change, kind="stable")[:MOST_POINTS])))


def find(source: Series, target: Series, reach_s: float = 0.0) -> Lag:
    """`target` is the slower meter; `reach_s`: how far from 0 to look, by default a few seconds.

    Where samples are far apart and power steps, a whole stretch of shifts explains the readings equally well; the lag
    is its middle.  ValueError where the two have nothing in common.
    """
    reach = reach_s or REACH_S + 2 * target.period_s + 5 * (source.tau_s + target.tau_s)
    search = _Search(predictor(source, target), points(target), target.resolution_W**2 / 12)
    finest = min(source.period_s, target.period_s) / 50
    centre, radius = _coarse(search, source, target, reach)
    while radius > 4 * finest:
        low, high = _best(search.telling(centre, radius), np.linspace(centre - radius, centre + radius, FINE))
        centre, narrower = (low + high) / 2, (high - low) / 2 + 4 * radius / FINE
        if narrower > radius / 2:  # most of it does equally well
            break
        radius = narrower
    wide = max(radius, 2 * target.period_s)
    low, high = _stretch(search.telling(centre, wide), centre, wide, finest)
    lag_s = (low + high) / 2
    least_s = source.period_s + target.period_s
    return Lag(lag_s, max(high - low, least_s) / 2, _correlation(search, lag_s, reach))


def _coarse(search: _Search, source: Series, target: Series, reach: float) -> Tuple[float, float]:
    """(shift, how far the truth may be from it) from readings spread over the whole time."""
    count = len(search.some.watts)
    stride = max(1, count // MOST_POINTS)
    spread = search._replace(some=search.some.pick(np.arange(0, count, stride)))
    step = 2 * reach / (COARSE - 1)
    low, high = _best(spread, np.linspace(-reach, reach, COARSE))
    return (low + high) / 2, (high - low) / 2 + 2 * step + stride * target.period_s


def _best(search: _Search, shifts: np.ndarray) -> Tuple[float, float]:
    """First and last of the neighbouring shifts that do as well as the best; of several stretches the middlemost."""
    left = np.array([search.left(shift) for shift in shifts])
    if np.isnan(left).all():
        raise ValueError("the two have no time in common")
    good = left <= search.limit(float(np.nanmin(left)))
    first = last = int(min(np.flatnonzero(good), key=lambda index: abs(index - len(shifts) // 2)))
    while first > 0 and good[first - 1]:
        first -= 1
    while last < len(shifts) - 1 and good[last + 1]:
        last += 1
    return float(shifts[first]), float(shifts[last])


def _stretch(search: _Search, centre: float, radius: float, finest: float) -> Tuple[float, float]:
    """The ends of the stretch of shifts around `centre` that do as well as it does."""
    limit = search.limit(search.left(centre))

    def end(side: int) -> float:
        inside, outside = 0.0, finest
        while outside < radius and search.left(centre + side * outside) <= limit:
            inside, outside = outside, 2 * outside
        while outside - inside > finest:
            middle = (inside + outside) / 2
            good = search.left(centre + side * middle) <= limit
            inside, outside = (middle, outside) if good else (inside, middle)
        return centre + side * inside

    return end(-1), end(1)


def _correlation(search: _Search, lag_s: float, reach: float) -> float:
    varying = float(np.var(search.some.watts))
    correlation = max(0.0, 1 - search.left(lag_s) / varying) ** 0.5 if varying else 0.0
    if not correlation >= LEAST_CORRELATION:
        raise ValueError(f"the power of the two does not move together within {reach:g} s of each other")
    return correlation
