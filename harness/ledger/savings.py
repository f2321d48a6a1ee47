"""What a study set out to learn: how much less the cheapest pruning costs than what it is compared with."""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from harness.ledger.rows import Row
from harness.quantities import kilojoules

BASELINES = ("dense", "slimming")


class Mean(NamedTuple):
    """A method's mean over seeds and repetitions; None where any of them has no figure."""

    label: str
    method: str
    model: str
    dataset: str
    ratio: Optional[float]
    joules: Optional[float]
    accuracy: Optional[float]
    runs: int
    simulated: bool


class Saving(NamedTuple):
    """The cheapest pruning against a baseline; `energy` is the share saved, `accuracy` the difference in shares."""

    best: Mean
    baseline: Mean
    energy: float
    accuracy: Optional[float]

    @property
    def simulated(self) -> bool:
        return self.best.simulated or self.baseline.simulated


def means(rows: Sequence[Row]) -> List[Mean]:
    """The methods of a study in its order, each over its seeds and repetitions."""
    groups: Dict[Tuple[Any, ...], List[Row]] = {}
    for row in rows:
        groups.setdefault(_kind(row.cell), []).append(row)
    return [_of_members(members) for members in groups.values()]


def _of_members(members: Sequence[Row]) -> Mean:
    label, method, model, dataset, ratio = _kind(members[0].cell)
    joules = _mean([row.energy.headline_J for row in members])
    accuracy = _mean([row.accuracy_final for row in members])
    simulated = any(row.energy.simulated for row in members)
    return Mean(label, method, model, dataset, ratio, joules, accuracy, len(members), simulated)


def savings(rows: Sequence[Row]) -> List[Saving]:
    """For each model and data set the cheapest pruning against dense training and network slimming, where they ran.

    Joules of emulated arithmetic take no part.
    """
    found = []
    real = [row for row in rows if not row.energy.emulated]
    every = [mean for mean in means(real) if mean.joules is not None]
    for task in dict.fromkeys((mean.model, mean.dataset) for mean in every):
        group = [mean for mean in every if (mean.model, mean.dataset) == task]
        best = _cheapest([mean for mean in group if mean.method != "dense"])
        for method in BASELINES if best else ():
            baseline = _cheapest([mean for mean in group if mean.method == method and mean != best])
            if best and baseline and baseline.joules:
                found.append(_saving(best, baseline))
    return found


def sentence(saving: Saving) -> str:
    """The headline in words; it says simulated where the power was."""
    best, baseline = saving.best, saving.baseline
    accuracy = ""
    if saving.accuracy is not None:
        accuracy = ", accuracy {:+.2f} points".format(100 * saving.accuracy)
    return "{} needs {:.1f} % {}{} energy than {}: {} instead of {} kJ ({} on {}{})".format(
        _name(best),
        100 * abs(saving.energy),
        "less" if saving.energy >= 0 else "more",
        " simulated" if saving.simulated else "",
        _name(baseline),
        kilojoules(best.joules),
        kilojoules(baseline.joules),
        best.model,
        best.dataset,
        accuracy,
    )


def _name(mean: Mean) -> str:
    return mean.label if mean.ratio is None else "{} at ratio {:g}".format(mean.label, mean.ratio)


def _kind(cell: Mapping[str, Any]) -> Tuple[Any, ...]:
    return cell["label"], cell["method"], cell["model"], cell["dataset"], cell["ratio"]


def _cheapest(candidates: Sequence[Mean]) -> Optional[Mean]:
    return min(candidates, key=lambda mean: mean.joules or 0.0) if candidates else None


def _saving(best: Mean, baseline: Mean) -> Saving:
    accuracy = None
    if best.accuracy is not None and baseline.accuracy is not None:
        accuracy = best.accuracy - baseline.accuracy
    return Saving(best, baseline, 1 - (best.joules or 0.0) / (baseline.joules or 1.0), accuracy)


def _mean(values: Sequence[Optional[float]]) -> Optional[float]:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
