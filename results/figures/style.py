"""How figures look: colours that people with any colour vision tell apart (Okabe and Ito), sizes that fit a column."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from results.output import target

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
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX<"  # one more than colours: the pair repeats only after 56 series
INK, SOFT = "#222222", "#707070"

COMMON = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E3E6E9",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "hatch.linewidth": 0.6,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "harness",
    "text.parse_math": False,  # names come from run directories that others wrote
}


class Look(NamedTuple):
    """A width in inches that all texts are legible at, and what matplotlib is told.  `across`: panels side by side."""

    width_in: float
    across: int
    settings: dict[str, Any]

    @contextmanager
    def applied(self) -> Iterator[None]:
        with rc_context({**COMMON, **self.settings}):
            yield


def _sizes(text: float, small: float) -> dict[str, Any]:
    return {
        "font.size": text,
        "axes.titlesize": text,
        "axes.labelsize": text,
        "legend.fontsize": small,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
    }


LOOKS = {
    "screen": Look(7.2, 3, {"font.family": "DejaVu Sans", **_sizes(8.5, 8)}),
    "paper": Look(
        3.35,
        2,
        {
            "font.family": "STIXGeneral",
            "mathtext.fontset": "stix",
            "axes.linewidth": 0.6,
            "lines.linewidth": 1.0,
            "lines.markersize": 3.5,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            **_sizes(8, 7.5),
        },
    ),
}


def save(figure: Figure, path: Path, look: Look) -> Path:
    """Write a figure; the same figure gives the same bytes."""
    target(path)
    with look.applied():
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


def series(index: int) -> dict[str, Any]:
    """Colour and marker of the n-th of several series, so that neither alone has to tell them apart."""
    return {"color": SERIES[index % len(SERIES)], "marker": MARKERS[index % len(MARKERS)]}


def simulated(data: Any) -> str:
    """The word before an energy or a power in a label, where the data say so."""
    return "simulated " if bool(data["simulated"].any()) else ""


def time_unit(seconds: float) -> tuple[float, str]:
    """A unit in which a span reads well: (seconds in it, its name)."""
    for factor, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 3 * factor:
            return factor, name
    return 1.0, "seconds"
