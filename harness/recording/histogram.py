"""Quantiles of any number of values in constant memory."""

import math
from typing import Dict

_PER_OCTAVE = 8  # so a quantile is right to 4.5 %
_ZERO = -1000000  # the bin of nothing at all


class Histogram:
    """Counts of non-negative values in logarithmic bins, and the exact maximum."""

    def __init__(self) -> None:
        self._counts: Dict[int, int] = {}
        self._n = 0
        self.maximum = 0.0

    def add(self, value: float) -> None:
        bin_ = math.floor(math.log2(value) * _PER_OCTAVE) if value > 0 else _ZERO
        self._counts[bin_] = self._counts.get(bin_, 0) + 1
        self._n += 1
        self.maximum = max(self.maximum, value)

    def quantile(self, share: float) -> float:
        """The middle of the bin below which `share` of the values lie; 0 without values."""
        below = 0
        for bin_ in sorted(self._counts):
            below += self._counts[bin_]
            if below >= share * self._n:
                return min(self.maximum, 2 ** ((bin_ + 0.5) / _PER_OCTAVE))
        return 0.0
