"""Registers that are at their end: the quantity is that large or larger, which is no reading of it."""

from typing import Optional


def unless_full(number: int, bits: int, per_unit: int) -> Optional[float]:
    """The number in its unit, of which `per_unit` make one; None where a register of so many bits can say no more."""
    return None if number == (1 << bits) - 1 else number / per_unit
