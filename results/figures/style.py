"""How figures look: colours that people with any colour vision tell apart (Okabe and Ito), sizes that fit a column."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

WIDTH_IN = 7.2

PHASES = {
    "train": "#56B4E9",
    "search": "#0072B2",
    "detect": "#D55E00",
    "score": "#CC79A7",
    "prune": "#CC79A7",
    "retrain": "#009E73",
    "finetune": "#E69F00",
    "evaluate": "#8C8C8C",
    "checkpoint": "#C8C8C8",
    "load": "#F0E442",
    "idle": "#E9EEF2",
    "sync": "#B7A9C9",
    "window": "#A6761D",
    "cooldown": "#D6E9D0",
    "lost": "#000000",
}
OTHER = "#FFFFFF"

SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "harness",
}


@contextmanager
def styled() -> Iterator[None]:
    with rc_context(SETTINGS):
        yield


def save(figure: Figure, path: Path) -> Path:
    """Write a figure; the same figure gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        _settle(figure)
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(path.suffix[1:], {})
        figure.savefig(path, dpi=200, metadata=metadata)
    return path


def _settle(figure: Figure) -> None:
    """Lay a figure out once for all the formats that it is saved in."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def phase_colour(phase: str) -> str:
    return PHASES.get(phase, OTHER)


def phase_shade(phase: str) -> tuple[float, ...]:
    """The phase's colour, light enough to draw on."""
    return tuple(0.55 * part + 0.45 for part in to_rgb(phase_colour(phase)))


def time_unit(seconds: float) -> tuple[float, str]:
    """A unit in which a span reads well: (seconds in it, its name)."""
    for factor, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 3 * factor:
            return factor, name
    return 1.0, "seconds"
