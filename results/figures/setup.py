"""How the run was wired: which meter sits where between the wall and the board's rails (Figure 6 of the paper)."""

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrow, FancyBboxPatch

from results import provenance
from results.figures._lacking import Lacking
from results.figures.style import INK, SERIES, SOFT, Look

CAPTION = (
    "The set-up of this run: energy flows from the wall to the rails, and a letter is a meter at the place where it "
    "measures. What lies to the right of a meter is in its joules, so joules of two places are never added."
)
WAY = {"ac_wall": "power\nsupply", "supply_input": "bench\nsupply", "dc_input": "carrier\nboard", "module": "module",
       "rail": "rails"}  # fmt: skip
CHAIN_IN, BOX_IN = 0.8, 0.42
MEASURED, SIMULATED = SERIES[0], SERIES[1]
MOST_CHANNELS = 10


def data(study: Any) -> pd.DataFrame:
    """A row for each channel of each meter."""
    found = provenance.meters(study.runs)
    if not found:
        raise Lacking("No meter recorded the study.")
    return pd.DataFrame(found)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """The way of the energy with a letter for each meter and boundary, and a paragraph for each letter."""
    groups = [group for _, group in data.groupby(["meter", "boundary"], sort=False)]
    letters = [chr(ord("A") + index % 26) for index in range(len(groups))]
    size = look.settings["font.size"]
    across = int(look.width_in * 72 / (0.52 * size)) - 4
    paragraphs = [_paragraph(group, across) for group in groups]
    line_in = 1.4 * size / 72
    height = CHAIN_IN + sum(len(lines) + 0.5 for lines in paragraphs) * line_in
    figure = Figure(figsize=(look.width_in, height))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, look.width_in), ylim=(-height, 0))
    axes.set_axis_off()
    _chain(axes, dict(zip(letters, groups, strict=True)), look.width_in)
    top = -CHAIN_IN
    for letter, group, lines in zip(letters, groups, paragraphs, strict=True):
        _dot(axes, 0.14, top - 0.5 * line_in, letter, group)
        for number, line in enumerate(lines):
            axes.text(0.3, top - (number + 0.5) * line_in, line, va="center", color=SOFT if number else INK,
                      fontweight="normal" if number else "bold")  # fmt: skip
        top -= (len(lines) + 0.5) * line_in
    return figure


def _chain(axes: Axes, meters: dict[str, pd.DataFrame], width_in: float) -> None:
    """Boxes and arrows; a bench supply only where something was measured at its input."""
    used = {group["boundary"].iloc[0] for group in meters.values()}
    way = [place for place in WAY if place != "supply_input" or place in used]
    step = (width_in - BOX_IN - 0.12) / len(way)
    middle = -CHAIN_IN / 2
    _box(axes, 0.06, middle, "wall")
    for index, place in enumerate(way):
        left = 0.06 + index * step + BOX_IN
        axes.add_patch(
            FancyArrow(left + 0.02, middle, step - BOX_IN - 0.05, 0, width=0.012, head_width=0.08, head_length=0.07,
                       length_includes_head=True, color=INK if place in used else "#B0B0B0", linewidth=0)
        )  # fmt: skip
        here = [(letter, group) for letter, group in meters.items() if group["boundary"].iloc[0] == place]
        for number, (letter, group) in enumerate(here):
            offset = (number - (len(here) - 1) / 2) * 0.19
            _dot(axes, left + (step - BOX_IN) / 2 - 0.03 + offset, middle + 0.15, letter, group)
        _box(axes, 0.06 + (index + 1) * step, middle, WAY[place])


def _box(axes: Axes, left: float, middle: float, name: str) -> None:
    axes.add_patch(
        FancyBboxPatch((left + 0.03, middle - 0.15), BOX_IN - 0.06, 0.3, boxstyle="round,pad=0.03,rounding_size=0.05",
                       facecolor="#F1F4F6", edgecolor=SOFT, linewidth=0.7)
    )  # fmt: skip
    axes.text(left + BOX_IN / 2, middle, name, ha="center", va="center", fontsize=7, linespacing=1.0)


def _dot(axes: Axes, x: float, y: float, letter: str, group: pd.DataFrame) -> None:
    simulated = group["power"].iloc[0] == "simulated"
    axes.add_patch(Circle((x, y), 0.078, color=SIMULATED if simulated else MEASURED, zorder=3))
    axes.text(x, y - 0.004, letter, ha="center", va="center", color="white", fontsize=7, fontweight="bold", zorder=4)


def _paragraph(group: pd.DataFrame, across: int) -> list[str]:
    """Name and place; then channels, period and accuracy."""
    first = group.iloc[0]
    kind = f" ({first['kind']})" if first["kind"] not in ("", first["meter"]) else ""
    power = "SIMULATED" if first["power"] == "simulated" else "measured"
    names = [
        f"{row.channel}*" if row.total == "yes" else row.channel
        for row in group.rename(columns={"part of the total": "total"}).itertuples()
    ]
    shown = ", ".join(names[:MOST_CHANNELS]) + (
        f" and {len(names) - MOST_CHANNELS} more" if len(names) > MOST_CHANNELS else ""
    )
    total = " (* makes the total)" if any(name.endswith("*") for name in names) else ""
    values = {"mean_over_period": "means over", "lowpass": "filtered values every", "instant": "values every"}
    accuracy = "; ".join(dict.fromkeys(group["accuracy"]))
    words = f"{shown}{total}; {values.get(first['values are'], 'values every')} {first['period']}; accuracy {accuracy}"
    head = f"{first['meter']}{kind} at {first['boundary']}, {power}"
    return [*textwrap.wrap(head, across)[:2], *textwrap.wrap(words, across)[:5]]
