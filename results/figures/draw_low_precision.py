"""Accuracy and FLOPs against the epoch of the draw, where the search is in 8 bits (Figure 2 of the paper)."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results.figures import _draws
from results.figures.style import Look

CAPTION = (
    "Accuracy after retraining (above) and FLOPs of search and retraining together (below) against the epoch at which "
    "the ticket was drawn, where the search runs in 8 bits; an 8-bit operation counts as one. p is the share of "
    "channels pruned, bars reach from the lowest to the highest of the runs, the star is the ticket that the "
    "early-bird detector drew, the dashed line is dense training in FP32."
)


def data(study: Any) -> pd.DataFrame:
    return _draws.frame(study, low_precision=True)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """A column of two panels for each network and data set."""
    places = _draws.panels(data)
    scale, unit = _draws.flops_unit(data["flops"].max())
    figure = Figure(figsize=(look.width_in, 0.66 * look.width_in + 0.5))
    grid = figure.subplots(2, len(places), squeeze=False, sharex="col")
    for place, (above, below) in zip(places, grid.T, strict=True):
        rows = _draws.shared(data, place)
        for axes, value, factor in ((above, "accuracy", 100), (below, "flops", 1 / scale)):
            _draws.curves(axes, rows, value, factor)
            _draws.dense_line(axes, rows, value, factor)
            axes.grid(axis="y")
        above.set_title(f"{place[0]} on {place[1]}", loc="left")
        below.set_ylim(bottom=0)
        below.set_xlabel("epoch of the draw")
    grid[0, 0].set_ylabel("accuracy (%)")
    grid[1, 0].set_ylabel(f"training ({unit})")
    _draws.legend(figure, list(grid.flat), data, look)
    return figure
