"""Predicted against measured energy: joules per steady epoch times epochs, beside what was metered to the end."""

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results import composed
from results.figures._lacking import Lacking
from results.figures.style import INK, SOFT, Look, series, simulated

CAPTION = (
    "Energy predicted from a steady state, joules per epoch x epochs, against what was metered to the end, a marker "
    "for each row and repetition, alike for all seeds. Bars: 95 % interval of the prediction. On the line both agree; "
    "below it the prediction is too low, because it leaves out what happens once."
)
PANELS_IN = 3.4
SEED = r"-seed\d+$"


def data(study: Any) -> pd.DataFrame:
    """The rows of `results.composed.frame` on the headline meter that were metered too."""
    found = composed.frame(study) if study.meters else pd.DataFrame()
    if found.empty:
        raise Lacking("A prediction takes rows with a steady state, two epochs after the first one or windows.")
    found = found[(found["meter"] == study.meters[0]) & found["metered_J"].notna()]
    if found.empty:
        raise Lacking("No row that can be predicted was metered to its end.")
    return found.reset_index(drop=True)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Above the agreement, below it the deviation in percent."""
    kinds = data["cell"].str.replace(SEED, "", regex=True)
    columns = 1 if look.across < 3 else 2
    legend_in = 1.6 * look.settings["legend.fontsize"] / 72 * math.ceil(kinds.nunique() / columns)
    figure = Figure(figsize=(look.width_in, PANELS_IN + legend_in))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    highest = 1.08 * max(data["metered_J"].max(), data["composed_high_J"].max()) / 1000
    above.plot([0, highest], [0, highest], color=SOFT, linewidth=1, zorder=0)
    below.axhline(0, color=SOFT, linewidth=1, zorder=0)
    for index, (kind, rows) in enumerate(data.groupby(kinds, sort=False)):
        look_ = {"linestyle": "", "capsize": 2, "markeredgecolor": INK, "markeredgewidth": 0.4, **series(index)}
        kJ, value = rows["metered_J"] / 1000, rows["composed_J"] / 1000
        bars = [value - rows["composed_low_J"] / 1000, rows["composed_high_J"] / 1000 - value]
        above.errorbar(kJ, value, bars, label=kind, **look_)
        below.errorbar(kJ, 100 * (value / kJ - 1), [100 * bar / kJ for bar in bars], **look_)
    for axes in (above, below):
        axes.grid()
    word = simulated(data)
    above.set(xlim=(0, highest), ylim=(0, highest), ylabel="predicted (kJ)")
    below.set(xlabel=f"metered {word}energy (kJ)", ylabel="deviation (%)")
    figure.legend(loc="outside upper center", ncols=columns)
    return figure
