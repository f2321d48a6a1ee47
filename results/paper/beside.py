"""Our figures beside the published cells of all four tables: ratio and verdict."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from results import published
from results.methods import Method, methods
from results.paper import figures
from results.paper.figures import Figure
from results.paper.names import (
    DATASETS,
    MODELS,
    drawn_at_an_epoch,
    name,
    on_the_paper_s_board,
    other_protocol,
    runs,
    table_of,
)

METRICS = {"2": ("retrain_acc", "energy", "flops"), "3": ("top1_acc", "top5_acc", "total_training_flops")}
SCHEDULES = {
    (0.01, (100,)): "[0_LR->0.01, 100_LR->0.001]",
    (0.1, (80, 120)): "[80_LR->0.01, 120_LR->0.001]",
}
USUAL_MILESTONES = (80, 120)
READ_OFF = 0.1  # points to which Figure 1 can be read


class Cell(NamedTuple):
    """One of our figures beside the published one; `low` and `high` are its 95 % interval, equal where it has none.

    `draw` is the draw epoch of tables 1 and 4, in which `method` is the search's schedule; `kind` says how our figure
    came about, `read_off` that the published one stands in a figure only.
    """

    table: str
    model: str
    dataset: str
    method: str
    ratio_pct: float | None
    draw: str
    metric: str
    ours: float
    low: float
    high: float
    kind: str
    published: float
    read_off: bool
    verdict: str
    mark: str

    @property
    def quotient(self) -> float:
        return self.ours / self.published


def cells(study: Any) -> list[Cell]:
    """Every figure of a study (`results.Study`) that one of the tables has a cell for."""
    found = []
    for method in methods(study.runs.rows(), study.energies):
        if method.model in MODELS and method.dataset in DATASETS:
            found += list(_drawn(study, method) if drawn_at_an_epoch(method) else _by_method(study, method))
    return found


def frame(study: Any) -> pd.DataFrame:
    """`cells` as a frame."""
    found = pd.DataFrame(cells(study), columns=Cell._fields)
    return found.assign(quotient=found["ours"] / found["published"])


def _by_method(study: Any, method: Method) -> Iterator[Cell]:
    """Tables 2 and 3."""
    title, number = name(method), table_of(method)
    if title is None:
        return
    rows = _of_task(number, method)
    rows = rows[rows["method"] == title]
    ratio = None if method.ratio is None else round(100 * method.ratio)
    rows = rows[rows["ratio_pct"].isna() if ratio is None else rows["ratio_pct"] == ratio]
    for metric in METRICS[number]:
        printed = rows[rows["metric"] == metric]
        ours = figures.of(study, method, metric) if len(printed) else None
        if ours is not None:
            yield _cell(study, method, number, title, "", metric, ours, printed.iloc[0])


def _drawn(study: Any, method: Method) -> Iterator[Cell]:
    """Tables 1 and 4: a ticket drawn after a number of epochs of a search on some schedule."""
    search = next((run for run in runs(study, method)), None)
    done, ours = method.rows[0].epochs_searched, figures.accuracy(method)
    if search is None or done is None or ours is None:
        return
    full = search.manifest.get("full", {})
    schedule = full.get("lr"), tuple(full.get("milestones", ()))
    draw = "final" if done == full.get("epochs") else str(done)
    initial = f"initial_lr={schedule[0]:g}" if schedule[1] == USUAL_MILESTONES else ""
    for number, column, title in (("1", "lr_schedule", SCHEDULES.get(schedule)), ("4", "initial_lr", initial)):
        rows = _of_task(number, method)
        rows = rows[(rows[column] == title) & (rows["draw_epoch"] == draw) & (rows["ratio_pct"] == _percent(method))]
        if len(rows) and not rows[["value", "read_off_figure_1"]].iloc[0].isna().all():
            yield _cell(study, method, number, str(title), draw, "retrain_acc", ours, rows.iloc[0])


def _of_task(number: str, method: Method) -> pd.DataFrame:
    table = published.table(number)
    return table[(table["model"] == MODELS[method.model]) & (table["dataset"] == DATASETS[method.dataset])]


def _cell(
    study: Any, method: Method, number: str, title: str, draw: str, metric: str, ours: Figure, printed: pd.Series
) -> Cell:
    read_off = bool(pd.isna(printed["value"]))
    value = float(printed["read_off_figure_1"] if read_off else printed["value"])
    mark = printed.get("mark")
    verdict = _verdict(study, method, metric, ours, value, READ_OFF if read_off else 0.0)
    place = number, MODELS[method.model], DATASETS[method.dataset], title, _percent(method), draw, metric
    return Cell(*place, *ours, value, read_off, verdict, mark if isinstance(mark, str) else "")


def _verdict(study: Any, method: Method, metric: str, ours: Figure, value: float, tolerance: float) -> str:
    """Energy takes the paper's board, everything its protocol."""
    if metric == "energy" and (method.simulated or ours.kind == "emulated"):
        return "simulated" if method.simulated else "emulated"
    if metric == "energy" and not on_the_paper_s_board(runs(study, method)):
        return "other board"
    protocol = other_protocol(study, method)
    if protocol:
        return f"other protocol: {protocol}"
    if metric in ("flops", "total_training_flops"):
        return "within 1 %" if abs(ours.value / value - 1) <= 0.01 else "outside 1 %"
    if ours.low == ours.high:
        return "one run, no interval"
    inside = ours.low - tolerance <= value <= ours.high + tolerance
    return "within uncertainty" if inside else "outside uncertainty"


def _percent(method: Method) -> float | None:
    return None if method.ratio is None else round(100 * method.ratio, 6)
