"""FLOPs of the whole training against the epoch at which the ticket was drawn (Figure 5 of the paper)."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results.figures import _draws
from results.figures.style import Look

CAPTION = (
    "FLOPs of search and retraining together against the epoch at which the ticket was drawn, by the paper's "
    "accounting; p is the share of channels pruned, the star the ticket that the early-bird detector drew, the dashed "
    "line dense training."
)


def data(study: Any) -> pd.DataFrame:
    return _draws.frame(study)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One panel for each network and data set."""
    places = _draws.panels(data)
    figure, panels = _draws.grid(len(places), look, 0.36 * look.width_in)
    scale, unit = _draws.flops_unit(data["flops"].max())
    for place, axes in zip(places, panels, strict=True):
        rows = _draws.shared(data, place)
        _draws.curves(axes, rows, "flops", 1 / scale)
        _draws.dense_line(axes, rows, "flops", 1 / scale)
        axes.grid(axis="y")
        axes.set_ylim(bottom=0)
        axes.set_title(f"{place[0]} on {place[1]}", loc="left")
        axes.set(xlabel="epoch of the draw", ylabel=f"training ({unit})")
    _draws.legend(figure, panels, data, look)
    return figure
