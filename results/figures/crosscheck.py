"""Meters beside each other on one staircase of load: what each shows over time, and how they differ."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.crosscheck.result import CrossCheck
from results.envelope import envelope
from results.figures._lacking import Lacking
from results.figures.style import INK, SERIES, SOFT, Look, series, simulated

CAPTION = (
    "Two or more meters on one staircase of load. Above: power as each shows it, from the lowest to the highest sample "
    "of each pixel. Below: a meter against the reference, the mean of each load and the line fitted through all "
    "readings; the grey line is agreement."
)
PIXELS = 700


def data(study: Any) -> pd.DataFrame:
    """Rows of `what`: "power" over time of each view, "level" means of each load, "fit" of each pair of meters."""
    if not isinstance(study, CrossCheck):
        raise Lacking("A crosscheck is a folder of its own: harness figure FOLDER crosscheck.")
    return pd.DataFrame([*_power(study), *_pairs(study)])


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Power over time, and a panel for each pair of meters that could be compared."""
    pairs = list(data[data["what"] == "level"].groupby(["reference", "meter"], sort=False))
    across = max(1, min(look.across - 1, len(pairs)))
    down = -(-len(pairs) // across)
    figure = Figure(figsize=(look.width_in, 2.1 + 0.75 * look.width_in / across * down))
    grid = figure.add_gridspec(1 + down, across, height_ratios=[1.0] + [1.7] * down)
    _over_time(figure.add_subplot(grid[0, :]), data[data["what"] == "power"])
    for index, ((reference, meter), levels) in enumerate(pairs):
        fit = data[(data["what"] == "fit") & (data["reference"] == reference) & (data["meter"] == meter)]
        _pair(figure.add_subplot(grid[1 + index // across, index % across]), levels, fit)
    figure.legend(loc="outside upper center", ncols=look.across)
    return figure


def _power(found: CrossCheck) -> Iterator[dict[str, Any]]:
    for view in found.views():
        same = {"what": "power", "view": view.name, "simulated": view.simulated}
        t_ns = np.rint(view.series.t_s * 1e9).astype(np.int64)
        band = envelope(t_ns, view.series.watts, int(t_ns[0]), int(t_ns[-1]), spans=PIXELS)
        middle = (band.edges_s[:-1] + band.edges_s[1:]) / 2 + view.series.t_s[0]
        for t_s, low, high in zip(middle, band.low_W, band.high_W, strict=True):
            yield {**same, "t_s": t_s, "low_W": low, "high_W": high}


def _pairs(found: CrossCheck) -> Iterator[dict[str, Any]]:
    for pair in found.content["pairs"]:
        same = {"reference": pair["reference"], "meter": pair["meter"], "simulated": found.content["simulated"]}
        for level in pair["levels"]:
            yield {**same, "what": "level", **level}
        if pair["fit"]:
            yield {**same, "what": "fit", **pair["fit"]}


def _over_time(axes: Axes, rows: pd.DataFrame) -> None:
    for index, (name, band) in enumerate(rows.groupby("view", sort=False)):
        colour = SERIES[index % len(SERIES)]
        axes.fill_between(band["t_s"], band["low_W"], band["high_W"], color=colour, linewidth=0.8, label=name)
    axes.set(xlabel="time (s)", ylabel=f"{simulated(rows)}power (W)", ylim=(0, None))
    axes.margins(x=0)


def _pair(axes: Axes, levels: pd.DataFrame, fit: pd.DataFrame) -> None:
    for index, level in enumerate(levels.itertuples()):
        axes.plot(level.reference_W, level.meter_W, linestyle="", zorder=3, **series(index))
        axes.annotate(
            level.load, (level.reference_W, level.meter_W), (6, -9), textcoords="offset points", fontsize="small"
        )
    axes.margins(0.25)
    ends = np.array(axes.get_xlim())
    axes.plot(ends, ends, color=SOFT, linewidth=0.8, zorder=0)
    if len(fit):
        one = fit.iloc[0]
        axes.plot(ends, one["gain"] * ends + one["offset_W"], color=INK, linewidth=1, zorder=1)
        words = f"gain {one['gain']:.4g}\noffset {one['offset_W']:.3g} W\nlag {one['lag_s']:.2g} s"
        axes.text(0.03, 0.97, words, transform=axes.transAxes, va="top", fontsize="small")
    word = simulated(levels)
    axes.set(xlabel=f"{levels['reference'].iloc[0]}: {word}W", ylabel=f"{levels['meter'].iloc[0]}: {word}W", xlim=ends)
    axes.grid()
