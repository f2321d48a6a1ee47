"""Our figures in the units of the published tables, each with its interval and with how it came about."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.ledger.charges import epochs
from harness.ledger.flops import TABLE_UNIT, training_flops
from results import composed
from results.methods import Method
from results.statistics import deviation, mean_interval, t95
from results.uncertainty.budget import Interval


class Figure(NamedTuple):
    """`low` and `high` are the 95 % interval, equal where there is none; `kind` is one word for how it came about."""

    value: float
    low: float
    high: float
    kind: str


def of(study: Any, method: Method, metric: str) -> Figure | None:
    """A method's figure for a metric of the published tables: percent, kJ, 0.05P or P."""
    if metric in ("retrain_acc", "top1_acc"):
        return accuracy(method)
    if metric == "top5_acc":
        return _tested([row.accuracy_top5 for row in method.rows])
    if metric == "energy":
        return energy(study, method)
    return flops(study, method, TABLE_UNIT if metric == "flops" else 1e15)


def energy(study: Any, method: Method) -> Figure | None:
    """kJ: metered where every row was, else composed from joules per epoch, of 8-bit rows of a profile estimated."""
    if method.energy is not None:
        return _kJ(method.energy, "emulated" if method.emulated else "metered")
    found = [composed.composed(study, row) for row in method.rows]
    known = [interval for interval in found if interval is not None]
    return _kJ(mean_interval(known), composed.kind(method.rows[0])) if known and len(known) == len(found) else None


def accuracy(method: Method) -> Figure | None:
    """Percent at the end of training, with a t interval over repetitions and seeds."""
    return _tested([row.accuracy_final for row in method.rows])


def _tested(shares: Sequence[float | None]) -> Figure | None:
    """None unless every row has one."""
    values = [100 * share for share in shares if share is not None]
    if not values or len(values) < len(shares):
        return None
    mean = sum(values) / len(values)
    half = t95(len(values) - 1) * deviation(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Figure(mean, mean - half, mean + half, "tested")


def flops(study: Any, method: Method, unit: float) -> Figure | None:
    """As the paper counts them: an 8-bit search at 0.18 of its FLOPs, everything else in full."""
    counted = method.mean([_flops(study, row) for row in method.rows])
    return None if counted is None else Figure(*(counted / unit,) * 3, "counted")


def _flops(study: Any, row: Any) -> float | None:
    if row.flops is None or not row.energy.emulated:
        return row.flops
    parts = [(item, study.runs.run(item["stage"], row.repetition)) for item in row.cell["charges"]]
    return sum(
        training_flops(run.result, epochs(item, run) or 0)
        * (composed.LOW_PRECISION if run.emulated and item["role"] == "search" else 1)
        for item, run in parts
    )


def _kJ(interval: Interval, kind: str) -> Figure:
    return Figure(interval.value / 1e3, interval.low / 1e3, interval.high / 1e3, kind)
