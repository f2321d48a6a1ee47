"""Accuracy against energy: which methods are not beaten in both."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.figures._lacking import Lacking
from results.figures._methods import boundary, with_energy
from results.figures.style import SOFT, Look, series, simulated

CAPTION = (
    "Accuracy at the end of training against energy. Bars: 95 % interval of the energy, lowest to highest accuracy of "
    "the runs. The line joins the methods that no other one beats in both; numbers are ratios of pruned channels."
)


def data(study: Any) -> pd.DataFrame:
    """A row for each method with energy and accuracy; `on_front`: no other one on the same task beats it in both."""
    rows = [_row(method, study) for method in with_energy(study) if method.accuracy is not None and not method.emulated]
    if len(rows) < 2:
        raise Lacking("Accuracy against energy takes two methods or more with both.")
    found = pd.DataFrame(rows)
    front = [_on_front(row, found) for row in found.to_dict("records")]
    return found.assign(on_front=front)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One panel for each network and data set."""
    tasks = list(data.groupby(["model", "dataset"], sort=False))
    across = min(2, len(tasks))
    down = -(-len(tasks) // across)
    figure = Figure(figsize=(look.width_in, (0.45 * look.width_in + 0.3) * down + 0.4))
    grid = figure.subplots(down, across, squeeze=False)
    labels = list(dict.fromkeys(data["method"]))
    for ((model, dataset), rows), axes in zip(tasks, grid.flat, strict=False):
        _points(axes, rows, labels)
        axes.set_title(f"{model} on {dataset}", loc="left")
        place = rows["boundary"].iloc[0]
        axes.set_xlabel(f"{simulated(rows)}energy (kJ)" + (f" at {place}" if place else ""))
        axes.set_ylabel("accuracy (%)")
    for axes in grid.flat[len(tasks) :]:
        axes.set_axis_off()
    handles = dict(zip(*reversed(_handles(grid.flat)), strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=min(len(handles), 2 * look.across)
    )
    return figure


def _points(axes: Axes, rows: pd.DataFrame, labels: list[str]) -> None:
    front = rows[rows["on_front"]].sort_values("energy_J")
    axes.plot(
        front["energy_J"] / 1000, 100 * front["accuracy"], color=SOFT, linewidth=1, drawstyle="steps-post", zorder=1
    )
    for row in rows.itertuples():
        kJ, low, high = (joules / 1000 for joules in (row.energy_J, row.energy_low_J, row.energy_high_J))
        best, worst = 100 * row.accuracy_high, 100 * row.accuracy_low
        accuracy = 100 * row.accuracy
        axes.errorbar(
            kJ, accuracy, xerr=[[kJ - low], [high - kJ]], yerr=[[accuracy - worst], [best - accuracy]], linestyle="",
            label=row.method, elinewidth=0.9, capsize=2, markersize=6, **series(labels.index(row.method)),
        )  # fmt: skip
        if row.ratio == row.ratio:
            axes.annotate(f"{row.ratio:g}", (kJ, accuracy), (6, 5), textcoords="offset points", fontsize="small")
    axes.margins(0.12)
    axes.grid()


def _handles(panels: Any) -> tuple[list[Any], list[str]]:
    pairs = [pair for axes in panels for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    return [handle for handle, _ in pairs], [name for _, name in pairs]


def _row(method: Any, study: Any) -> dict[str, Any]:
    accuracies = [row.accuracy_final for row in method.rows]
    return {
        "method": method.label,
        "model": method.model,
        "dataset": method.dataset,
        "ratio": method.ratio,
        "accuracy": method.accuracy,
        "accuracy_low": min(accuracies),
        "accuracy_high": max(accuracies),
        "energy_J": method.energy.value,
        "energy_low_J": method.energy.low,
        "energy_high_J": method.energy.high,
        "runs": len(method.rows),
        "meter": study.meters[0],
        "boundary": boundary(method),
        "simulated": method.simulated,
    }


def _on_front(row: dict[str, Any], found: pd.DataFrame) -> bool:
    same = found[(found["model"] == row["model"]) & (found["dataset"] == row["dataset"])]
    no_worse = (same["energy_J"] <= row["energy_J"]) & (same["accuracy"] >= row["accuracy"])
    better = (same["energy_J"] < row["energy_J"]) | (same["accuracy"] > row["accuracy"])
    return not (no_worse & better).any()
