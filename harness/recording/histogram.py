"""Quantiles of any number of values in constant memory."""

from typing import Dict, List

import numpy as np

_PER_OCTAVE = 32  # so a quantile is right to 1.1 %
_ZERO = -1000000  # the bin of nothing at all
_PILE = 4096  # values that are sorted into bins together, which is cheaper than one by one


class Histogram:
    """Counts of non-negative values in logarithmic bins, and the exact maximum."""

    def __init__(self) -> None:
        self._counts: Dict[int, int] = {}
        self._pile: List[float] = []
        self.n = 0
        self._maximum = 0.0

    def add(self, value: float) -> None:
        self._pile.append(value)
        if len(self._pile) >= _PILE:
            self._sort()

    def extend(self, values: np.ndarray) -> None:
        self._pile.extend(values.tolist())
        if len(self._pile) >= _PILE:
            self._sort()

    @property
    def maximum(self) -> float:
        self._sort()
        return self._maximum

    def quantile(self, share: float) -> float:
        """The middle of the bin below which `share` of the values lie; 0 without values."""
        self._sort()
        below = 0
        for bin_ in sorted(self._counts):
            below += self._counts[bin_]
            if below >= share * self.n:
                return min(self._maximum, 2 ** ((bin_ + 0.5) / _PER_OCTAVE))
        return 0.0

    def _sort(self) -> None:
        if not self._pile:
            return
        values, self._pile = np.array(self._pile, dtype=np.float64), []
        bins = np.full(len(values), _ZERO)
        positive = values > 0
        bins[positive] = np.floor(np.log2(values[positive]) * _PER_OCTAVE)
        for bin_, count in zip(*(part.tolist() for part in np.unique(bins, return_counts=True))):
            self._counts[bin_] = self._counts.get(bin_, 0) + count
        self.n += len(values)
        self._maximum = max(self._maximum, float(values.max()))


def milliseconds(name: str, spread: Histogram) -> Dict[str, float]:
    """Median, 99 % quantile and maximum of nanoseconds, named after what they are of."""
    found = {"p50": spread.quantile(0.5), "p99": spread.quantile(0.99), "max": spread.maximum}
    return {f"{name}_{which}_ms": value / 1e6 for which, value in found.items()}
