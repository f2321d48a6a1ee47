"""Energy of each method, stacked by phase; what the headline leaves out stands beside it, hatched."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.ledger.charges import APART, HEADLINE
from harness.quantities import kilojoules
from results.figures._methods import boundary, with_energy
from results.figures.style import INK, Look, phase_colour, simulated
from results.methods import short

CAPTION = (
    "Energy of each method by phase, mean over its runs. The number is the headline, search + detection + pruning + "
    "training, with its 95 % interval as a bar. Hatched: evaluation and checkpoints, which the headline leaves out."
)


def data(study: Any) -> pd.DataFrame:
    """A row for each method and phase, with the method's headline and its interval, on the headline meter."""
    found = with_energy(study)
    phases = study.phases[study.phases["meter"] == study.meters[0]]
    rows = []
    for method in found:
        cells = [row.cell["id"] for row in method.rows]
        own = phases[phases["cell"].isin(cells) & (phases["headline"] | phases["phase"].isin(APART))]
        interval = method.energy
        assert interval is not None
        for phase, part in own.groupby("phase", sort=False):
            rows.append(
                {
                    "method": short(method, found),
                    "phase": phase,
                    "headline": bool(part["headline"].iloc[0]),
                    "phase_energy_J": part["attributed_energy_J"].sum() / len(method.rows),
                    "headline_energy_J": interval.value,
                    "headline_low_J": interval.low,
                    "headline_high_J": interval.high,
                    "emulated": method.emulated,
                    "meter": study.meters[0],
                    "boundary": boundary(method),
                    "simulated": method.simulated,
                }
            )
    return pd.DataFrame(rows)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One bar for each method."""
    methods = list(dict.fromkeys(data["method"]))
    phases = [phase for phase in (*HEADLINE, *APART) if phase in set(data["phase"])]
    figure = Figure(figsize=(look.width_in, 0.95 + 0.4 * len(methods)))
    axes = figure.subplots()
    left = pd.Series(0.0, index=methods)
    for phase in phases:
        joules = data[data["phase"] == phase].set_index("method")["phase_energy_J"]
        kJ = joules.reindex(methods).fillna(0.0) / 1000
        axes.barh(
            range(len(methods)), kJ, left=left, color=phase_colour(phase), label=phase, height=0.62,
            edgecolor="white", linewidth=0.5, hatch="////" if phase in APART else None,
        )  # fmt: skip
        left += kJ
    _headlines(axes, data.drop_duplicates("method"), left)
    axes.set_yticks(range(len(methods)), methods)
    axes.invert_yaxis()
    place = data["boundary"].iloc[0]
    axes.set_xlabel(f"{simulated(data)}energy (kJ)" + (f" at {place}" if place else ""))
    figure.legend(loc="outside upper center", ncols=_columns(len(phases), 2 * look.across + 1), handlelength=1.2)
    return figure


def _headlines(axes: Axes, rows: pd.DataFrame, ends: pd.Series) -> None:
    """The figure of each method beside its bar, and its interval."""
    beyond = max(ends.max(), rows["headline_high_J"].max() / 1000)
    for index, row in enumerate(rows.itertuples()):
        value, low, high = (
            joules / 1000 for joules in (row.headline_energy_J, row.headline_low_J, row.headline_high_J)
        )
        axes.errorbar(value, index, xerr=[[value - low], [high - value]], color=INK, capsize=3, linewidth=1.1)
        words = f"{kilojoules(row.headline_energy_J)} kJ" + (" emulated" if row.emulated else "")
        axes.text(max(ends[row.method], high) + 0.015 * beyond, index, words, va="center")
    axes.set_xlim(0, (1.5 if rows["emulated"].any() else 1.28) * beyond)


def _columns(entries: int, most: int) -> int:
    """Of the legend: one line, or as few equal ones as fit."""
    return -(-entries // -(-entries // most))
