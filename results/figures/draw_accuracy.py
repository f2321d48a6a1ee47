"""Accuracy after retraining against the epoch at which the ticket was drawn (Figure 1 of the paper)."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results import published
from results.figures import _draws
from results.figures.style import Look
from results.paper import DATASETS, MODELS

CAPTION = (
    "Accuracy after retraining against the epoch at which the ticket was drawn; p is the share of channels pruned. "
    "Bars reach from the lowest to the highest of the runs, the star is the ticket that the early-bird detector drew, "
    "the dashed line is dense training. Open grey markers, where there are any, are the published values, read off "
    "Figure 1 of the paper to about 0.1 points; its stars have another meaning and are left out."
)


def data(study: Any) -> pd.DataFrame:
    """`_draws.frame`, and as `what` = "published" what the paper shows for the same network, data and ratio."""
    rows = _draws.frame(study)
    beside = [_published(rows, place) for place in _draws.panels(rows)]
    return pd.concat([rows, *[part for part in beside if len(part)]], ignore_index=True)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One panel for each network and data set."""
    own = data[data["what"] != "published"]
    places = _draws.panels(own)
    figure, panels = _draws.grid(len(places), look, 0.36 * look.width_in)
    for place, axes in zip(places, panels, strict=True):
        rows = _draws.shared(data, place)
        _draws.beside(axes, rows[rows["what"] == "published"], "accuracy", 100)
        _draws.curves(axes, rows[rows["what"] != "published"], "accuracy", 100)
        _draws.dense_line(axes, rows, "accuracy", 100)
        axes.grid(axis="y")
        axes.set_title(f"{place[0]} on {place[1]}", loc="left")
        axes.set(xlabel="epoch of the draw", ylabel="accuracy (%)")
    _draws.legend(figure, panels, data, look)
    return figure


def _published(rows: pd.DataFrame, place: tuple[str, str]) -> pd.DataFrame:
    points = published.figure_1()
    ratios = {round(100 * ratio) for ratio in _draws.shared(rows, place)["ratio"].dropna()}
    same = (points["model"] == MODELS.get(place[0])) & (points["dataset"] == DATASETS.get(place[1]))
    points = points[same & points["ratio_pct"].isin(ratios) & points["accuracy_pct"].notna()]
    return pd.DataFrame(
        {
            "model": place[0],
            "dataset": place[1],
            "what": "published",
            "ratio": points["ratio_pct"] / 100,
            "epoch": points["draw_epoch"],
            "accuracy": points["accuracy_pct"] / 100,
        }
    )
