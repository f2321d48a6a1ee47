"""Power over time, phases shaded: for each pixel the lowest and the highest sample, so that no peak is lost."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from harness.ledger.kept import ROLES
from results import timeline
from results.envelope import envelope
from results.figures._lacking import Lacking
from results.figures.style import INK, PHASES, Look, phase_shade, simulated, time_unit

CAPTION = (
    "Power over time in each stage of the first repetition. The dark band reaches from the lowest to the highest "
    "sample of each pixel, so that no peak is lost; shades show the phases; a gap in the band is a gap in the samples."
)
PIXELS = 1400
MOST_STAGES = 12
LOST = "lost"


def data(study: Any) -> pd.DataFrame:
    """Rows of `what`: "power", the extremes in a span of time, and "phase"; seconds from the stage's beginning, the
    attempts of a stage one after the other; "note" says why an attempt has no power."""
    runs = [run for run in study.runs.runs() if run.repetition == 1 and run.windows() and run.meters]
    if not runs:
        raise Lacking("No stage of the study was recorded by a meter.")
    rows = [row for run in runs[:MOST_STAGES] for row in _rows(run, run.meters[0])]
    return pd.DataFrame(rows).assign(stages_not_shown=len(runs[MOST_STAGES:]))


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One panel for each stage, at most twelve."""
    stages = list(data.groupby("stage", sort=False))
    figure = Figure(figsize=(look.width_in, 0.9 + 1.3 * len(stages)))
    panels = figure.subplots(len(stages), 1, squeeze=False)[:, 0]
    unit_s, unit = time_unit(data["stop_s"].max())
    for (_, rows), axes in zip(stages, panels, strict=True):
        _panel(axes, rows, unit_s)
    panels[-1].set_xlabel(f"time ({unit})")
    phases = [name for name in data["phase"].dropna().unique() if name]
    handles = [Patch(label=timeline.label(phase), **_look(phase)) for phase in sorted(phases, key=_place)]
    columns = min(2 * look.across - (look.across < 3), len(handles))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=1.2)
    hidden = int(data["stages_not_shown"].iloc[0])
    if hidden:
        panels[-1].set_xlabel(f"time ({unit}); {hidden} more stages are not shown")
    return figure


def _rows(run: Any, meter: str) -> Iterator[dict[str, Any]]:
    same = {
        "stage": run.name,
        "title": timeline.title(run),
        "meter": meter,
        "simulated": run.simulated(meter),
    }
    for part in timeline.parts(run, [meter], partial(envelope, spans=PIXELS)):
        place = {**same, "attempt": part.attempt}
        yield {**place, "what": "attempt", "start_s": part.offset_s, "stop_s": part.offset_s + part.length_s}
        for phase, start_s, stop_s in part.phases:
            yield {**place, "what": "phase", "phase": phase, "start_s": start_s, "stop_s": stop_s}
        band = part.power[meter]
        if isinstance(band, str):
            yield {
                **place,
                "what": "note",
                "start_s": part.offset_s,
                "stop_s": part.offset_s,
                "phase": "",
                "note": band,
            }
            continue
        edges = band.edges_s + part.offset_s
        for start_s, stop_s, low, high in zip(edges, edges[1:], band.low_W, band.high_W, strict=False):
            yield {**place, "what": "power", "start_s": start_s, "stop_s": stop_s, "low_W": low, "high_W": high}


def _panel(axes: Axes, rows: pd.DataFrame, unit_s: float) -> None:
    attempts = rows[rows["what"] == "attempt"]
    total_s = attempts["stop_s"].max()
    for start_s in attempts["start_s"].iloc[1:]:
        axes.axvline(start_s / unit_s, color="black", linewidth=1, linestyle=(0, (4, 2)))
    _shade(axes, rows[rows["what"] == "phase"], unit_s)
    power = rows[rows["what"] == "power"]
    for _, band in power.groupby("attempt"):
        x = np.append(band["start_s"], band["stop_s"].iloc[-1]) / unit_s
        low, high = (np.append(band[key], band[key].iloc[-1]) for key in ("low_W", "high_W"))
        axes.fill_between(x, low, high, step="post", color=INK, linewidth=0.6, edgecolor=INK)
    for note in rows[rows["what"] == "note"].itertuples():
        axes.text(note.start_s / unit_s, 0.5, f" {note.note[:90]}", transform=axes.get_xaxis_transform())
    peak = power["high_W"].max() if "high_W" in power else np.nan
    axes.set(xlim=(0, total_s / unit_s), ylim=(0, 1.06 * peak if peak > 0 else 1))
    axes.set_ylabel(f"{rows['meter'].iloc[0]}\n{simulated(rows)}W")
    axes.set_title(rows["title"].iloc[0], loc="left")


def _shade(axes: Axes, rows: pd.DataFrame, unit_s: float) -> None:
    for phase, spans in rows.groupby("phase", sort=False):
        order = 0.3 if phase == LOST else 0.2 if phase not in ROLES else 0.1
        ranges = list(zip(spans["start_s"] / unit_s, (spans["stop_s"] - spans["start_s"]) / unit_s, strict=True))
        axes.broken_barh(ranges, (0, 1), transform=axes.get_xaxis_transform(), zorder=order, **_look(str(phase)))


def _look(phase: str) -> dict[str, Any]:
    if phase == LOST:
        return {"facecolor": (0, 0, 0, 0.12), "edgecolor": (0, 0, 0, 0.6), "hatch": "////", "linewidth": 0}
    return {"facecolor": phase_shade(phase), "linewidth": 0}


def _place(phase: str) -> int:
    known = list(PHASES)
    return known.index(phase) if phase in known else len(known)
