"""How far the masks of any two epochs of a search differ, and where each ticket was drawn (Figure 3 of the paper)."""

import zipfile
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from harness.errors import UserError
from harness.ledger import StageRun
from harness.ledger.stage import own_file
from results.figures._lacking import Lacking
from results.figures.style import Look
from workloads.tickets import DETECTOR_RULES, Detector, channel_mask, flatten

CAPTION = (
    "Distance between the channel masks after any two epochs of the search, scaled in each panel from 0 (equal, warm) "
    "to 1 (the farthest two) as in the paper; above it stands how many of all channels 1 is. "
    "Lines mark the epoch after which the ticket was drawn: from there on the masks hardly move."
)
GAMMAS = "tickets/gammas.npz"
LARGEST_BYTES = 1 << 30
MOST_PANELS = 6
DRAWN = "#D55E00"
SCALE: dict[str, Any] = {"cmap": "cividis_r", "norm": Normalize(0, 1)}
KEYS = ["stage", "ratio"]


def data(study: Any) -> pd.DataFrame:
    """A row for each pair of epochs of each draw by a detector, first repetition, at most six draws."""
    searches = [run for run in study.runs.runs() if run.repetition == 1 and _is_search(run)]
    panels = [(run, *detection) for run in searches for detection in _detections(run, _ratios(study))][:MOST_PANELS]
    if not panels:
        raise Lacking("No search of the study stored the BatchNorm scales of its epochs for a ratio to prune at.")
    return pd.concat([_pairs(*panel) for panel in panels], ignore_index=True)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One matrix for each search and ratio."""
    panels = [rows for _, rows in data.groupby(KEYS, sort=False)]
    across = min(look.across, len(panels))
    down = -(-len(panels) // across)
    size = look.width_in / max(across, look.across)
    figure = Figure(figsize=(max(size * across, 0.6 * look.width_in), (size + 0.45) * down))
    grid = figure.subplots(down, across, squeeze=False)
    for rows, axes in zip(panels, grid.flat, strict=False):
        epochs = rows["epoch"].nunique()
        matrix = rows["normalised"].to_numpy().reshape(epochs, epochs)
        axes.imshow(matrix, **SCALE, origin="lower", extent=(0.5, epochs + 0.5) * 2)
        _mark(axes, rows.iloc[0], epochs)
        words = f"p = {100 * rows['ratio'].iloc[0]:g} %, 1 is {100 * rows['distance'].max():.2g} %"
        axes.set_title(f"{rows['title'].iloc[0]}\n{words}", loc="left")
        axes.set(xlabel="epoch", ylabel="epoch")
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    scale = ScalarMappable(**SCALE)
    figure.colorbar(scale, ax=grid.ravel().tolist(), shrink=0.8, pad=0.02, aspect=25, label="normalised mask distance")
    return figure


def gammas(run: StageRun) -> tuple[np.ndarray, np.ndarray]:
    """(gammas [epochs, n], sizes of the layers) that a search stored; nothing is unpickled."""
    path = own_file(run.rep, run.rep.named("tickets/gammas.npz"))
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_BYTES:
                raise ValueError(f"it unpacks to more than {LARGEST_BYTES >> 20} MB")
        with np.load(path, allow_pickle=False) as stored:
            values, sizes = stored["gammas"], stored["sizes"]
        if values.ndim != 2 or sizes.ndim != 1 or values.shape[1] != sizes.sum() or not len(values):
            raise ValueError("its arrays do not fit each other")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} does not hold the gammas of a search ({error}): restore it from a copy") from error
    return values, sizes


def distances(history: tuple[np.ndarray, np.ndarray], ratio: float) -> np.ndarray:
    """`mask_distance` of every pair of epochs, float64[epochs, epochs]."""
    masks = np.array(_masks(history, ratio), dtype=np.float32)
    kept = masks.sum(axis=1)
    return (kept[:, None] + kept[None, :] - 2.0 * (masks @ masks.T)).astype(float) / masks.shape[1]


def normalised(matrix: np.ndarray) -> np.ndarray:
    """Scaled linearly from 0, its least element, to 1, its largest; all 0 where they are equal."""
    span = matrix.max() - matrix.min()
    return (matrix - matrix.min()) / span if span else np.zeros_like(matrix)


def _ratios(study: Any) -> list[float]:
    """Ratios of the study's rows and of its file, for searches that drew no ticket themselves."""
    asked = study.asked.get("ratios")
    listed = [ratio for ratio in asked if isinstance(ratio, float) and 0 < ratio < 1] if isinstance(asked, list) else []
    return sorted({cell["ratio"] for cell in study.runs.cells if cell["ratio"]} | set(listed))


def _is_search(run: StageRun) -> bool:
    stored = run.rep.named(GAMMAS).exists()
    return stored and any(window.phase == "search" for window in run.windows())


def _detections(run: StageRun, ratios: list[float]) -> list[tuple[float, int | None]]:
    """(ratio, epoch of the draw) of each detector of a search; where it had none, what the paper's would have drawn."""
    own = [draw for draw in (run.result.get("draws") or {}).values() if draw["rule"] in DETECTOR_RULES]
    if own:
        return [(draw["ratio"], draw["epoch"] if draw["fired"] else None) for draw in own]
    return [(ratio, first_early_bird(gammas(run), ratio)) for ratio in ratios] if run.result else []


def first_early_bird(history: tuple[np.ndarray, np.ndarray], ratio: float) -> int | None:
    """Epochs after which the paper's detector draws; None where it never does."""
    detector = Detector()
    fired = (detector.update(mask) for mask in _masks(history, ratio))
    return next((epoch for epoch, one in enumerate(fired, 1) if one), None)


def _masks(history: tuple[np.ndarray, np.ndarray], ratio: float) -> list[np.ndarray]:
    values, sizes = history
    layers = np.cumsum(sizes)[:-1]
    return [flatten(channel_mask(np.split(row, layers), ratio)) for row in values]


def _pairs(run: StageRun, ratio: float, epoch: int | None) -> pd.DataFrame:
    asked = run.manifest.get("full", {})
    matrix = distances(gammas(run), ratio)
    first, second = np.indices(matrix.shape) + 1
    return pd.DataFrame(
        {
            "stage": run.name,
            "title": " ".join(str(asked[name]) for name in ("model", "dataset") if name in asked) or run.name,
            "ratio": ratio,
            "drawn_after_epoch": epoch,
            "epoch": first.ravel(),
            "other_epoch": second.ravel(),
            "distance": matrix.ravel(),
            "normalised": normalised(matrix).ravel(),
        }
    )


def _mark(axes: Axes, drawn: pd.Series, epochs: int) -> None:
    at = drawn["drawn_after_epoch"]
    known = at == at and at is not None
    for line in (axes.axvline, axes.axhline) if known else ():
        line(at, color="white", linewidth=1.8)
        line(at, color=DRAWN, linewidth=1.0, linestyle=(0, (3, 2)))
    words = f"drawn at {at:g}" if known else "no early bird"
    left = not known or at < 0.6 * epochs
    at = at if known else 1
    box: dict[str, Any] = {"facecolor": "white", "alpha": 0.85, "pad": 1.5, "linewidth": 0}
    place: dict[str, Any] = {
        "ha": "left" if left else "right",
        "va": "top",
        "textcoords": "offset points",
        "fontsize": "small",
    }
    axes.annotate(words, (at, 0.5 + 0.97 * epochs), (4 if left else -4, 0), bbox=box, **place)
    ticks = np.unique(np.linspace(1, epochs, min(5, epochs)).round().astype(int))
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
