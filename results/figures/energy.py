"""Energy of each method, stacked by phase; what the headline leaves out stands beside it, hatched."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from harness.quantities import kilojoules
from results.figures.style import WIDTH_IN, phase_colour, styled

CAPTION = (
    "Energy of each method by phase, mean over repetitions. The number is the headline: search, detection, pruning and "
    "training. Hatched: evaluation and checkpoints, which the headline leaves out."
)
APART = ("evaluate", "checkpoint")


def draw(study: Any) -> Figure | None:
    """One bar for each cell with a figure, on the headline meter."""
    if study.phases.empty or not study.meters:
        return None
    rows = study.phases[study.phases["meter"] == study.meters[0]]
    rows = rows[rows["headline"] | rows["phase"].isin(APART)]
    joules = rows.groupby(["cell", "phase"], sort=False)["attributed_energy_J"].mean().unstack("phase")
    cells = _with_figures(study)
    if cells.empty:
        return None
    with styled():
        figure = Figure(figsize=(WIDTH_IN, 1.1 + 0.42 * len(cells)))
        axes = figure.subplots()
        left = pd.Series(0.0, index=cells.index)
        for phase in _order(joules.columns):
            values = joules[phase].reindex(cells.index).fillna(0.0) / 1000
            apart = phase in APART
            axes.barh(
                range(len(cells)), values, left=left, color=phase_colour(phase), label=phase, height=0.62,
                edgecolor="white", linewidth=0.5, hatch="////" if apart else None,
            )  # fmt: skip
            left += values
        for index, (cell, total) in enumerate(cells["energy_J"].items()):
            axes.text(left[cell] + 0.01 * left.max(), index, f"{kilojoules(total)} kJ", va="center")
        axes.set_yticks(range(len(cells)), [_short(study, cell) for cell in cells.index])
        axes.invert_yaxis()
        simulated = bool(cells["simulated"].any())
        boundary = " at " + str(cells["boundary"].iloc[0]) if cells["boundary"].iloc[0] else ""
        axes.set(xlim=(0, 1.17 * left.max()), xlabel=f"{'simulated ' if simulated else ''}energy (kJ){boundary}")
        figure.legend(loc="outside upper center", ncols=_columns(len(joules.columns)), handlelength=1.2)
    return figure


def _columns(entries: int) -> int:
    """Of the legend: one line, or two equal ones."""
    return entries if entries <= 7 else -(-entries // 2)


def _with_figures(study: Any) -> pd.DataFrame:
    cells = study.cells[study.cells["meter"] == study.meters[0]]
    kept = cells.groupby("cell", sort=False).agg(
        energy_J=("energy_J", lambda joules: joules.mean(skipna=False)),
        simulated=("simulated", "any"),
        boundary=("boundary", "first"),
    )
    return kept[kept["energy_J"].notna()]


def _order(phases: Any) -> list[str]:
    from harness.ledger.charges import APART as LAST
    from harness.ledger.charges import HEADLINE

    return [phase for phase in (*HEADLINE, *LAST) if phase in phases]


def _short(study: Any, cell: str) -> str:
    """A cell's name without what all cells share."""
    names = [other["id"].split("-") for other in study.runs.cells]
    parts = cell.split("-")
    if len({len(name) for name in names if len(name) == len(parts)}) == 0:
        return cell
    return " ".join(part for part in parts if not all(part in name for name in names) or part == parts[0])
