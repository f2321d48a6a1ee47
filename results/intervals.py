"""A 95 % interval of energy in words, the same in every table."""

from harness.quantities import NONE, kilojoules
from results.uncertainty.budget import Interval


def words(interval: Interval | None, unstated: bool = False) -> str:
    """In kJ; `unstated`: nobody stated the accuracy of a meter in it, so that the interval leaves it out."""
    if interval is None:
        return NONE
    return f"{kilojoules(interval.low)} to {kilojoules(interval.high)}" + (" excl. meter accuracy" if unstated else "")
