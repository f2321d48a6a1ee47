"""Power over time, phases shaded: for each pixel the lowest and the highest sample, so that no peak is lost."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from harness.ledger import StageRun
from harness.ledger.kept import ROLES
from harness.quantities import duration
from meters.errors import MeterError
from results.figures.style import PHASES, WIDTH_IN, phase_shade, styled, time_unit

CAPTION = (
    "Power over time in each stage of the first repetition. The dark band reaches from the lowest to the highest "
    "sample of each pixel; shades show the phases."
)
PIXELS = 1400
MOST_STAGES = 12
HIDDEN = ("stage", "epoch")  # the role phase around an epoch has the same colour


class Envelope(NamedTuple):
    """Lowest and highest power in successive spans of time; NaN where there was no sample."""

    edges_s: np.ndarray
    low_W: np.ndarray
    high_W: np.ndarray


def envelope(t_ns: np.ndarray, power_W: np.ndarray, start_ns: int, stop_ns: int, pixels: int = PIXELS) -> Envelope:
    """The extremes of the samples in each of `pixels` spans; times are seconds after `start_ns`.

    A span takes in the sample before it, so that the band has no holes where samples are sparse.
    """
    pixels = min(pixels, max(1, int(np.searchsorted(t_ns, stop_ns)) - int(np.searchsorted(t_ns, start_ns))))
    edges = np.linspace(start_ns, stop_ns, pixels + 1)
    last = np.searchsorted(t_ns, edges[1:], side="right")
    first = np.maximum(np.searchsorted(t_ns, edges[:-1]) - 1, 0)
    filled = (last > first) & (edges[1:] >= t_ns[0]) & (edges[:-1] <= t_ns[-1])
    low, high = np.full(pixels, np.nan), np.full(pixels, np.nan)
    for index in np.flatnonzero(filled):
        part = power_W[first[index] : last[index]]
        low[index], high[index] = part.min(), part.max()
    return Envelope((edges - start_ns) / 1e9, low, high)


def draw(study: Any, meter: str | None = None) -> Figure | None:
    """One panel for each stage of the first repetition that a meter recorded, at most twelve."""
    runs = [run for run in study.runs.runs() if run.repetition == 1 and run.windows() and run.meters]
    shown = runs[:MOST_STAGES]
    if not shown:
        return None
    with styled():
        figure = Figure(figsize=(WIDTH_IN, 0.75 + 1.45 * len(shown)))
        panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        phases: list[str] = []
        for run, axes in zip(shown, panels, strict=True):
            phases += panel(axes, run, meter or run.meters[0])
        handles = [Patch(label=_label(phase), **_look(phase)) for phase in _ordered(phases)]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(6, len(handles)), handlelength=1.2)
        if len(runs) > len(shown):
            panels[-1].set_xlabel(panels[-1].get_xlabel() + f"   ({len(runs) - len(shown)} more stages are not shown)")
    return figure


def panel(axes: Axes, run: StageRun, meter: str) -> list[str]:
    """Draw a stage's attempts one after the other; returns the phases that were shaded."""
    total_s = sum(_length_s(run, attempt.number) for attempt in run.attempts)
    unit_s, unit = time_unit(total_s)
    offset, shaded, highest = 0.0, [], 0.0
    for attempt in run.attempts:
        if _length_s(run, attempt.number) == 0:
            continue
        if offset:
            axes.axvline(offset / unit_s, color="black", linewidth=1, linestyle=(0, (4, 2)))
        shaded += _shade(axes, run, attempt.number, offset, unit_s)
        highest = max(highest, _band(axes, run, meter, attempt.number, offset, unit_s))
        offset += _length_s(run, attempt.number)
    word = "simulated W" if run.simulated(meter) else "W"
    axes.set(
        xlim=(0, offset / unit_s), ylim=(0, 1.06 * highest or 1), ylabel=f"{meter}\n{word}", xlabel=f"time ({unit})"
    )
    axes.set_title(f"{_title(run)} · {duration(total_s)}", loc="left")
    return shaded


def _title(run: StageRun) -> str:
    asked = run.manifest.get("full", {})
    words = [str(asked[key]) for key in ("role", "model", "dataset") if key in asked]
    source = asked.get("source") or {}
    ratio = (source.get("draw") or {}).get("ratio")
    return " ".join(words + ([f"ratio {ratio:g}"] if ratio else []) + [f"({run.name})"])


def _bounds(run: StageRun, attempt: int) -> tuple[int, int]:
    found = [w for w in run.windows() if w.attempt == attempt]
    if not found:
        return 0, 0
    stops = [w.stop_ns for w in found if w.stop_ns is not None]
    return found[0].start_ns, max(stops + [w.start_ns for w in found])


def _length_s(run: StageRun, attempt: int) -> float:
    start, stop = _bounds(run, attempt)
    return (stop - start) / 1e9


def _shade(axes: Axes, run: StageRun, attempt: int, offset_s: float, unit_s: float) -> list[str]:
    start, stop = _bounds(run, attempt)
    spans: dict[str, list[tuple[float, float]]] = {}
    for window in run.windows():
        if window.attempt != attempt or window.phase in HIDDEN:
            continue
        name = "lost" if window.lost and window.phase == window.role else window.phase
        begin = (window.start_ns - start) / 1e9 + offset_s
        length = ((stop if window.stop_ns is None else window.stop_ns) - window.start_ns) / 1e9
        spans.setdefault(name, []).append((begin / unit_s, length / unit_s))
    for name, ranges in spans.items():
        order = 0.3 if name == "lost" else 0.2 if name not in ROLES else 0.1
        axes.broken_barh(ranges, (0, 1), transform=axes.get_xaxis_transform(), zorder=order, **_look(name))
    return list(spans)


def _look(phase: str) -> dict[str, Any]:
    if phase == "lost":
        return {"facecolor": (0, 0, 0, 0.12), "edgecolor": (0, 0, 0, 0.6), "hatch": "////", "linewidth": 0}
    return {"facecolor": phase_shade(phase), "linewidth": 0}


def _ordered(phases: list[str]) -> list[str]:
    known = list(PHASES)
    return sorted(dict.fromkeys(phases), key=lambda name: known.index(name) if name in known else len(known))


def _band(axes: Axes, run: StageRun, meter: str, attempt: int, offset_s: float, unit_s: float) -> float:
    """Draw the power of an attempt; returns its peak."""
    start, stop = _bounds(run, attempt)
    try:
        trace = run.open_trace(meter, attempt)
        power = trace.power_W(None if trace.total else trace.channels[0].name)
    except (MeterError, OSError) as error:
        axes.text((offset_s + 0.02) / unit_s, 0.5, str(error)[:90], transform=axes.get_xaxis_transform(), fontsize=7)
        return 0.0
    known = ~np.isnan(power)
    band = envelope(trace.t_ns[known], power[known], start, stop)
    x = np.repeat((band.edges_s + offset_s) / unit_s, 2)[1:-1]
    axes.fill_between(
        x, np.repeat(band.low_W, 2), np.repeat(band.high_W, 2), color="#222222", linewidth=0.6, edgecolor="#222222"
    )
    return float(np.nanmax(band.high_W)) if not np.all(np.isnan(band.high_W)) else 0.0


def _label(phase: str) -> str:
    return {"window": "repeated detection", "lost": "lost work"}.get(phase, phase)
