"""Methods of a study over their seeds and repetitions, and how they compare: intervals, paired ratios, verdicts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.ledger import Row
from harness.quantities import kilojoules
from results.statistics import Measured, mean_interval, ratio_interval
from results.uncertainty.budget import Interval
from results.uncertainty.cells import Energy, key


class Method(NamedTuple):
    """A method on a model and a data set at a ratio: its rows, with the energy of each that has one."""

    label: str
    method: str
    model: str
    dataset: str
    ratio: float | None
    rows: tuple[Row, ...]
    energies: tuple[Energy | None, ...]

    @property
    def name(self) -> str:
        return self.label if self.ratio is None else f"{self.label} at ratio {self.ratio:g}"

    @property
    def simulated(self) -> bool:
        return any(row.energy.simulated for row in self.rows)

    @property
    def emulated(self) -> bool:
        return any(row.energy.emulated for row in self.rows)

    @property
    def energy(self) -> Interval | None:
        """The mean with its interval; None unless every row has a figure."""
        found = [energy.interval for energy in self.energies if energy is not None]
        known = [interval for interval in found if interval is not None]
        return mean_interval(known) if known and len(known) == len(self.rows) else None

    @property
    def reasons(self) -> list[str]:
        """Why rows have no figure, each once."""
        return list(dict.fromkeys(energy.reason for energy in self.energies if energy is not None and energy.reason))

    @property
    def net(self) -> Interval | None:
        known = [energy.net_interval for energy in self.energies if energy is not None and energy.net_interval]
        return mean_interval(known) if known and len(known) == len(self.rows) else None

    def mean(self, values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known and len(known) == len(values) else None

    @property
    def accuracy_unstated(self) -> bool:
        """Whether an interval leaves a meter's accuracy out, because nobody stated it."""
        return any(energy is not None and energy.excludes for energy in self.energies)

    @property
    def accuracy(self) -> float | None:
        return self.mean([row.accuracy_final for row in self.rows])

    @property
    def top5(self) -> float | None:
        return self.mean([row.accuracy_top5 for row in self.rows])


class Saving(NamedTuple):
    """A method against a baseline.  `saved`: share of the baseline's energy; `accuracy`: difference in shares."""

    method: Method
    baseline: Method
    saved: Interval
    accuracy: float | None
    pairs: int

    @property
    def simulated(self) -> bool:
        return self.method.simulated or self.baseline.simulated

    @property
    def distinguishable(self) -> bool:
        return not self.saved.low <= 0 <= self.saved.high


def methods(rows: Sequence[Row], energies: dict[Any, Energy]) -> list[Method]:
    """In the order of the study."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        cell = row.cell
        kind = (cell["label"], cell["method"], cell["model"], cell["dataset"], cell["ratio"])
        groups.setdefault(kind, []).append(row)
    return [
        Method(label, method, model, dataset, ratio_, tuple(members), tuple(energies.get(key(row)) for row in members))
        for (label, method, model, dataset, ratio_), members in groups.items()
    ]


def short(method: Method, among: Sequence[Method]) -> str:
    """A method's label and ratio, with its model and data set where these differ among the methods."""
    parts = [method.label] + ([] if method.ratio is None else [f"{method.ratio:g}"])
    for name in ("model", "dataset"):
        if len({getattr(other, name) for other in among}) > 1:
            parts.append(getattr(method, name))
    return " ".join(parts)


def savings(found: Sequence[Method]) -> list[Saving]:
    """For each model and data set the cheapest pruning against dense training and the cheapest network slimming.

    Joules of emulated arithmetic take no part.
    """
    saved = []
    for task in dict.fromkeys((method.model, method.dataset) for method in found):
        group = [m for m in found if (m.model, m.dataset) == task and m.energy is not None and not m.emulated]
        best = _cheapest([method for method in group if method.method != "dense"])
        for baseline in ("dense", "slimming"):
            other = _cheapest([method for method in group if method.method == baseline and method is not best])
            saving = compare(best, other) if best and other else None
            saved += [saving] if saving else []
    return saved


def paired(method: Method, other: Method) -> list[tuple[Measured, Measured]]:
    """What both took in runs of the same seed and repetition, where both have a figure and the other's is not 0."""
    others = {_place(row): energy for row, energy in zip(other.rows, other.energies, strict=True)}
    found = [(energy, others.get(_place(row))) for row, energy in zip(method.rows, method.energies, strict=True)]
    return [
        ((one.joules, one.budget), (two.joules, two.budget))
        for one, two in found
        if one and two and one.joules is not None and two.joules
    ]


def compare(method: Method, baseline: Method) -> Saving | None:
    """The saving over pairs of the same seed and repetition, where both have a figure; None where there is no pair."""
    pairs = paired(method, baseline)
    if not pairs:
        return None
    quotient = ratio_interval(pairs)
    saved = Interval(1 - quotient.value, 1 - quotient.high, 1 - quotient.low)
    accuracy = None
    if method.accuracy is not None and baseline.accuracy is not None:
        accuracy = method.accuracy - baseline.accuracy
    return Saving(method, baseline, saved, accuracy, len(pairs))


def sentence(saving: Saving) -> str:
    """A saving in words, with its interval; it says simulated where the power was."""
    low, high = sorted((abs(100 * saving.saved.low), abs(100 * saving.saved.high)))
    word = "less" if saving.saved.value >= 0 else "more"
    simulated = " simulated" if saving.simulated else ""
    interval = f"95 % interval {low:.1f} to {high:.1f} %"
    if not saving.distinguishable:
        interval = "not distinguishable: the 95 % interval holds 0"
    if saving.pairs == 1:
        interval += "; metering only, one run"
    accuracy = "" if saving.accuracy is None else f", accuracy {100 * saving.accuracy:+.2f} points"
    return (
        f"{saving.method.name} needs {abs(100 * saving.saved.value):.1f} % {word}{simulated} energy than "
        f"{saving.baseline.name} ({interval}): {_kJ(saving.method)} instead of {_kJ(saving.baseline)} kJ "
        f"({saving.method.model} on {saving.method.dataset}{accuracy})"
    )


def _kJ(method: Method) -> str:
    return kilojoules(method.energy.value if method.energy else None)


def _place(row: Row) -> tuple[int, int]:
    return row.cell["seed"], row.repetition


def _cheapest(found: Sequence[Method]) -> Method | None:
    return min(found, key=lambda method: method.energy.value if method.energy else 0.0, default=None)
