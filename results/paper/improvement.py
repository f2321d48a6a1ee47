"""How much less EB Train takes than the baselines, each named, and by the paper's own definition of "Improv."."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from results import published
from results.methods import Method, compare, methods
from results.paper import figures
from results.paper.figures import Figure
from results.paper.names import DATASETS, EB_TRAIN, MODELS, name

BASELINES = ("LT (one-shot)", "SNIP", "NS", "ThiNet")
LOTTERY = "LT (one-shot)"
PAPER = {"retrain_acc": "EB Train", "energy": "EB Train (LL)", "flops": "EB Train (LL)"}  # what its row compares


class Improvement(NamedTuple):
    """`value`: points of accuracy, or how many times less energy or FLOPs; `low` to `high` its 95 % interval.

    `strongest`: against the best baseline of that metric, and not against LT; `published`: the cell of the row
    "Improv.", where this is what that row compares.
    """

    model: str
    dataset: str
    ratio_pct: float | None
    metric: str
    method: str
    against: str
    strongest: bool
    value: float
    low: float | None
    high: float | None
    kind: str
    published: float | None
    mark: str


def improvements(study: Any) -> list[Improvement]:
    """Of every EB Train row of a study (`results.Study`) over the strongest baseline and over LT, metric by metric."""
    named = [(method, name(method)) for method in methods(study.runs.rows(), study.energies)]
    found = []
    for method, title in named:
        if title in EB_TRAIN:
            rivals = {str(other): m for m, other in named if other in BASELINES and _same_task(m, method)}
            found += [one for metric in PAPER for one in _of_metric(study, method, str(title), rivals, metric)]
    return found


def _of_metric(study: Any, method: Method, title: str, rivals: dict[str, Method], metric: str) -> Iterator[Improvement]:
    ours = figures.of(study, method, metric)
    theirs = {other: figures.of(study, m, metric) for other, m in rivals.items()}
    known = {other: figure for other, figure in theirs.items() if figure is not None}
    if ours is None or not known:
        return
    choose: Callable = max if metric == "retrain_acc" else min
    strongest = choose(known, key=lambda other: known[other].value)
    for other in dict.fromkeys((strongest, LOTTERY)):
        if other in known:
            value, low, high = _value(method, rivals[other], ours, known[other], metric)
            cell = _published(method, metric) if other == strongest and title == PAPER[metric] else (None, "")
            kinds = "/".join(dict.fromkeys((known[other].kind, ours.kind)))
            place = MODELS.get(method.model, method.model), DATASETS.get(method.dataset, method.dataset)
            ratio = None if method.ratio is None else 100 * method.ratio
            yield Improvement(*place, ratio, metric, title, other, other == strongest, value, low, high, kinds, *cell)


def _value(method: Method, rival: Method, ours: Figure, theirs: Figure, metric: str) -> tuple:
    """(value, low, high); energies that were both metered in pairs, so that what they have in common cancels."""
    if metric == "retrain_acc":
        return ours.value - theirs.value, None, None
    times = theirs.value / ours.value
    if metric == "flops":
        return times, None, None
    saving = compare(method, rival) if method.energy and rival.energy else None
    if saving is not None:
        return tuple(1 / (1 - saved) for saved in (saving.saved.value, saving.saved.low, saving.saved.high))
    relative = [(figure.high - figure.low) / 2 / figure.value for figure in (ours, theirs)]
    half = times * (relative[0] ** 2 + relative[1] ** 2) ** 0.5
    return times, times - half, times + half


def _published(method: Method, metric: str) -> tuple[float | None, str]:
    """The cell of the paper's row "Improv." and its mark."""
    table = published.table("2")
    same = (table["model"] == MODELS.get(method.model)) & (table["dataset"] == DATASETS.get(method.dataset))
    ratio = None if method.ratio is None else round(100 * method.ratio)
    found = table[same & (table["metric"] == f"{metric}_improv") & (table["ratio_pct"] == ratio)]
    if found.empty:
        return None, ""
    mark = found["mark"].iloc[0]
    return float(found["value"].iloc[0]), mark if isinstance(mark, str) else ""


def _same_task(one: Method, other: Method) -> bool:
    same = (one.model, one.dataset) == (other.model, other.dataset)
    return same and one.ratio in (None, other.ratio)
