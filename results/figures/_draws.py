"""Early-bird rows of a study by the epoch of the draw: what figures 1, 2 and 5 of the paper show."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.figures._lacking import Lacking
from results.figures.style import INK, SERIES, SOFT, Look, series

WHERE_FROM = (
    "search_epochs",
    "rule",
    "window",
    "epsilon",
    "ratio",
    "at",
)  # options that say only when the ticket is drawn
WITHOUT = {"continues": "retrained for all epochs", "inherit": "re-initialised"}  # what an option means when false
DENSE: dict[str, Any] = {"color": SOFT, "linestyle": (0, (5, 2)), "linewidth": 1.0}
PAPER: dict[str, Any] = {
    "color": "#A0A0A0",
    "markerfacecolor": "none",
    "linestyle": ":",
    "linewidth": 0.7,
    "markersize": 3.5,
}
STAR: dict[str, Any] = {
    "marker": "*",
    "markersize": 10,
    "markeredgecolor": INK,
    "markeredgewidth": 0.6,
    "linestyle": "",
}
MANY = "Tickets drawn at two epochs or more are needed"


def frame(study: Any, low_precision: bool = False) -> pd.DataFrame:
    """A row for each cell and repetition: what was drawn when, the accuracy it retrained to, the FLOPs in all.

    `what` is "early bird" where a detector drew the ticket, "drawn" where it was drawn because an epoch had come, and
    "dense" for rows of dense training, which have no epoch.
    """
    found = [_row(row) for row in study.runs.rows() if row.accuracy_final is not None]
    rows = pd.DataFrame([row for row in found if row is not None and row["low_precision"] in (low_precision, None)])
    tickets = rows[rows["what"] != "dense"] if len(rows) else rows
    words = " in low precision" if low_precision else ""
    if tickets.empty:
        raise Lacking(f"{MANY}: the study has no early-bird row{words} that is finished.")
    if tickets.groupby(["model", "dataset", "ratio", "options"])["epoch"].nunique().max() < 2:
        raise Lacking(f"{MANY}: every ticket{words} of this study was drawn at one.")
    return rows


def summary(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Mean, lowest and highest of `value` over the runs of each draw; early birds at their median epoch."""
    early = rows["what"] == "early bird"
    keys = ["model", "dataset", "ratio", "options", "what"]
    place = rows["epoch"].where(~early, -1)
    grouped = rows.groupby([*keys, place.rename("place")], sort=True, dropna=False)
    found = grouped.agg(
        epoch=("epoch", "median"), mean=(value, "mean"), low=(value, "min"), high=(value, "max"), runs=(value, "size")
    )
    return found.reset_index().drop(columns="place")


def panels(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """(model, dataset) of each panel, in the order of the study."""
    tickets = rows[rows["what"] != "dense"]
    return list(dict.fromkeys(zip(tickets["model"], tickets["dataset"], strict=True)))


def grid(count: int, look: Look, height_in: float) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels."""
    across = min(count, 2)
    down = -(-count // across)
    figure = Figure(figsize=(look.width_in, (height_in + 0.25) * down + 0.5))
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    for unused in axes[count:]:
        unused.set_axis_off()
    return figure, axes[:count]


def curves(axes: Axes, rows: pd.DataFrame, value: str, scale: float = 1.0) -> None:
    """One curve with min-max bars for each ratio, and a star at its early bird."""
    for index, (name, part) in enumerate(_curves(summary(rows[rows["what"] != "dense"], value))):
        look = series(index)
        drawn, early = part[part["what"] == "drawn"], part[part["what"] == "early bird"]
        _bars(axes, drawn, scale, label=name, **look)
        _bars(axes, early, scale, color=look["color"], zorder=5, **STAR)


def dense_line(axes: Axes, rows: pd.DataFrame, value: str, scale: float = 1.0) -> None:
    dense = rows[rows["what"] == "dense"][value]
    if len(dense):
        axes.axhline(scale * dense.mean(), zorder=0, **DENSE)


def beside(axes: Axes, rows: pd.DataFrame, value: str, scale: float = 1.0) -> None:
    """Published points, a curve for each ratio."""
    for index, (_, part) in enumerate(rows.groupby("ratio", sort=True)):
        axes.plot(part["epoch"], scale * part[value], marker=series(index)["marker"], zorder=1, **PAPER)


def legend(figure: Figure, panels: list[Axes], data: pd.DataFrame, look: Look) -> None:
    """Over the figure the curves of all panels once; then star, dashed line and published points, if there are any."""
    known: dict[str, Any] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            known.setdefault(name, handle)
    others = {
        "early bird": Line2D([], [], color=SERIES[0], **STAR),
        "dense": Line2D([], [], **DENSE),
        "published": Line2D([], [], marker="o", **PAPER),
    }
    known.update({name: line for name, line in others.items() if name in set(data["what"])})
    figure.legend(known.values(), known.keys(), loc="outside upper center", ncols=min(len(known), 2 * look.across - 1))


def flops_unit(flops: float) -> tuple[float, str]:
    """A unit in which FLOPs read well: (how many are in it, its name)."""
    units = ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"))
    return next((unit for unit in units if flops >= unit[0]), (1e6, "MFLOP"))


def shared(rows: pd.DataFrame, place: tuple[str, str]) -> pd.DataFrame:
    return rows[(rows["model"] == place[0]) & (rows["dataset"] == place[1])]


def _row(row: Any) -> dict[str, Any] | None:
    cell = row.cell
    same = {
        "model": cell["model"],
        "dataset": cell["dataset"],
        "seed": cell["seed"],
        "repetition": row.repetition,
        "accuracy": row.accuracy_final,
        "flops": row.flops,
    }
    if cell["method"] == "dense":
        return {**same, "what": "dense", "ratio": None, "options": "", "epoch": None, "low_precision": None}
    if cell["method"] != "early_bird" or row.epochs_searched is None:
        return None
    options = {key: value for key, value in cell["options"].items() if key not in WHERE_FROM}
    precision = options.get("precision", "fp32")
    options = {key: value for key, value in options.items() if key not in ("precision", "eight_bits")}
    return {
        **same,
        "what": "early bird" if row.energy.fired else "drawn",
        "ratio": cell["ratio"],
        "options": ", ".join(_told(key, value) for key, value in sorted(options.items())),
        "epoch": row.epochs_searched,
        "low_precision": precision in ("lf", "ll"),
    }


def _told(option: str, value: Any) -> str:
    return WITHOUT[option] if value is False and option in WITHOUT else f"{option} {value}"


def _curves(means: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for (ratio, options), part in means.groupby(["ratio", "options"], sort=True):
        name = f"p = {100 * ratio:g} %"
        yield (f"{name}, {options}" if options else name), part.sort_values("epoch")


def _bars(axes: Axes, part: pd.DataFrame, scale: float, **look: Any) -> None:
    mean, low, high = (scale * part[key] for key in ("mean", "low", "high"))
    axes.errorbar(part["epoch"], mean, [(mean - low).clip(lower=0), (high - mean).clip(lower=0)], capsize=2, **look)
