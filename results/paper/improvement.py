"""How much less EB Train takes than the baselines, each named, and by the paper's own definitions of "Improv."."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from results import published
from results.methods import Method, compare, methods
from results.paper import figures
from results.paper.figures import Figure
from results.paper.names import DATASETS, EB_TRAIN, MODELS, name, table_of

BASELINES = {"2": ("LT (one-shot)", "SNIP", "NS", "ThiNet"), "3": ("NS", "SFP", "ThiNet")}
LOTTERY, UNPRUNED = "LT (one-shot)", "Unpruned"
METRICS = {
    "2": ("retrain_acc", "energy", "flops"),
    "3": ("top1_acc", "top5_acc", "energy", "total_training_flops"),
}
PAPER = {"retrain_acc": "EB Train", "energy": "EB Train (LL)", "flops": "EB Train (LL)"}  # what its row compares


class Improvement(NamedTuple):
    """`value`: points of accuracy, or how many times less energy or FLOPs; `low` to `high` its 95 % interval.

    `strongest`: against the best baseline of that metric, and not against LT or the unpruned network; `published`: the
    cell of "Improv." in Table 2 or 3 (`table`), where this is what that cell compares.
    """

    table: str
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
    """Metric by metric, of the rows of a study (`results.Study`) that the paper compares.

    Every EB Train row over the strongest baseline, and over LT; on ImageNet, as in Table 3, over the unpruned network
    in place of LT, and there the accuracies of the baselines too.
    """
    named = [(method, name(method)) for method in methods(study.runs.rows(), study.energies)]
    found = []
    for method, title in named:
        rivals = {str(other): m for m, other in named if other is not None and _same_task(m, method)}
        for metric in METRICS[table_of(method)] if title else ():
            found += list(_of_metric(study, method, str(title), rivals, metric))
    return found


def _of_metric(study: Any, method: Method, title: str, rivals: dict[str, Method], metric: str) -> Iterator[Improvement]:
    ours, number = figures.of(study, method, metric), table_of(method)
    theirs = {other: figures.of(study, m, metric) for other, m in rivals.items() if other != title}
    known = {other: figure for other, figure in theirs.items() if figure is not None}
    baselines = [other for other in known if other in BASELINES[number] and title in EB_TRAIN]
    if ours is None:
        return
    choose: Callable = max if metric.endswith("_acc") else min
    strongest = choose(baselines, key=lambda other: known[other].value, default=None)
    for other in dict.fromkeys((strongest, _always(title, number, metric))):
        if other in known:
            value, low, high = _value(method, rivals[other], ours, known[other], metric)
            cell = _published(method, title, metric) if _as_published(title, other, strongest, metric) else (None, "")
            kinds = "/".join(dict.fromkeys((known[other].kind, ours.kind)))
            place = MODELS.get(method.model, method.model), DATASETS.get(method.dataset, method.dataset)
            ratio = None if method.ratio is None else 100 * method.ratio
            yield Improvement(
                number, *place, ratio, metric, title, other, other == strongest, value, low, high, kinds, *cell
            )


def _always(title: str, number: str, metric: str) -> str | None:
    """What a row is compared with whatever the strongest baseline is."""
    if number == "3":
        return UNPRUNED if metric.endswith("_acc") or title in EB_TRAIN else None
    return LOTTERY if title in EB_TRAIN else None


def _as_published(title: str, other: str, strongest: str | None, metric: str) -> bool:
    """Whether the paper prints this comparison."""
    return other == UNPRUNED if metric not in PAPER else other == strongest and title == PAPER[metric]


def _value(method: Method, rival: Method, ours: Figure, theirs: Figure, metric: str) -> tuple:
    """(value, low, high); energies that were both metered in pairs, so that what they have in common cancels."""
    if metric.endswith("_acc"):
        return ours.value - theirs.value, None, None
    times = theirs.value / ours.value
    if metric.endswith("flops"):
        return times, None, None
    saving = compare(method, rival) if method.energy and rival.energy else None
    if saving is not None:
        return tuple(1 / (1 - saved) for saved in (saving.saved.value, saving.saved.low, saving.saved.high))
    relative = [(figure.high - figure.low) / 2 / figure.value for figure in (ours, theirs)]
    half = times * (relative[0] ** 2 + relative[1] ** 2) ** 0.5
    return times, times - half, times + half


def _published(method: Method, title: str, metric: str) -> tuple[float | None, str]:
    """The paper's cell "Improv." and its mark; in Table 2 it is that of a row for all kinds of EB Train."""
    number = table_of(method)
    table = published.table(number)
    same = (table["model"] == MODELS.get(method.model)) & (table["dataset"] == DATASETS.get(method.dataset))
    if number == "3":
        same &= table["method"] == title
    ratio = None if method.ratio is None else round(100 * method.ratio)
    found = table[same & (table["metric"] == f"{metric}_improv") & (table["ratio_pct"] == ratio)]
    if found.empty:
        return None, ""
    mark = found["mark"].iloc[0]
    return float(found["value"].iloc[0]), mark if isinstance(mark, str) else ""


def _same_task(one: Method, other: Method) -> bool:
    same = (one.model, one.dataset) == (other.model, other.dataset)
    return same and one.ratio in (None, other.ratio)
