"""Uncertainty budgets: what may be wrong with an energy, by cause, and how causes add up, cancel and combine."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from results.uncertainty.coverage import half_width

RECTANGULAR = "rectangular"
NORMAL = "normal"
BIAS = "bias"
BRACKET = "bracket"


class Component(NamedTuple):
    """An error, true minus measured, in J.  Rectangular: anywhere from `low` to `high`; normal: mean +- one sd.

    Bracket: rectangular, or nothing at all, as likely as not: the load went on as it was taken to, in every gap alike.
    Bias: a known error (`low` = `high`) that the value was not corrected for.  It is no chance that others could even
    out, so that it widens the interval on its side by all of itself.
    """

    low: float
    high: float
    shape: str = RECTANGULAR

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def half(self) -> float:
        return abs(self.high - self.low) / 2


class Interval(NamedTuple):
    """A value with its 95 % interval, which need not be symmetric."""

    value: float
    low: float
    high: float

    @property
    def expanded(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


class Budget(Mapping[str, Component]):
    """Components by key; errors of one key are the same error wherever it occurs, of different keys independent.

    A key is `cause/where`: `gain/wall/out1` is shared by all that this meter measured, `noise/<attempt>/...` is not.
    """

    def __init__(self, components: Mapping[str, Component]):
        self._components = dict(components)

    def __getitem__(self, key: str) -> Component:
        return self._components[key]

    def __iter__(self):
        return iter(self._components)

    def __len__(self) -> int:
        return len(self._components)

    def __add__(self, other: "Budget") -> "Budget":
        return total([self, other])

    def times(self, factor: float) -> "Budget":
        """Errors keep their sign: with a negative factor low and high change places, so that equal errors cancel."""
        return Budget({key: Component(c.low * factor, c.high * factor, c.shape) for key, c in self.items()})

    def interval(self, value: float) -> Interval:
        """The 95 % interval of the true value around a measured one: with its brackets, and where they are nothing."""
        bias = sum(component.mean for component in self.values() if component.shape == BIAS)
        chance = [component for component in self.values() if component.shape != BIAS]
        found = [_spread(chance), _spread([component for component in chance if component.shape != BRACKET])]
        low, high = min(low for low, _ in found), max(high for _, high in found)
        return Interval(value, value + low + min(0.0, bias), value + high + max(0.0, bias))

    def half_width(self) -> float:
        return self.interval(0.0).expanded

    def by_cause(self) -> dict[str, Interval]:
        """What each cause alone would do to a value of 0, the widest first."""
        causes: dict[str, dict[str, Component]] = {}
        for key, component in self.items():
            causes.setdefault(key.split("/")[0], {})[key] = component
        alone = {cause: Budget(components).interval(0.0) for cause, components in causes.items()}
        return dict(sorted(alone.items(), key=lambda item: -item[1].expanded))


def _spread(chance: Sequence[Component]) -> tuple[float, float]:
    """The 95 % interval of a sum of independent errors."""
    middle = sum(component.mean for component in chance)
    uniforms = [component.half for component in chance if component.shape != NORMAL]
    half = half_width(uniforms, [component.half for component in chance if component.shape == NORMAL])
    return middle - half, middle + half


def total(budgets: Iterable[Budget]) -> Budget:
    """The budget of a sum: errors of the same key add up as they are, or cancel."""
    summed: dict[str, Component] = {}
    for budget in budgets:
        for key, component in budget.items():
            if key in summed:
                component = _same_error(summed[key], component)
            summed[key] = component
    return Budget(summed)


def ratio(numerator: tuple[float, Budget], denominator: tuple[float, Budget]) -> Interval:
    """The interval of a quotient of two energies; what both have in common, such as the meter's gain, cancels."""
    (top, top_budget), (bottom, bottom_budget) = numerator, denominator
    value = top / bottom
    parts = [top_budget.times(1 / bottom), bottom_budget.times(-top / bottom**2)]
    return total(parts).interval(value)


def _same_error(one: Component, other: Component) -> Component:
    return Component(one.low + other.low, one.high + other.high, one.shape)
