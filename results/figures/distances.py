"""How far the masks of any two epochs of a search differ, and where each ticket was drawn (Figure 3 of the paper)."""

import zipfile
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from harness.errors import UserError
from harness.ledger import StageRun
from harness.ledger.stage import own_file
from results.figures.style import WIDTH_IN, styled
from workloads.tickets import channel_mask, flatten

CAPTION = (
    "Distance between the channel masks after any two epochs of the search, as a share of all channels. The line marks "
    "the epoch after which the ticket was drawn: from there on the masks hardly move."
)
LARGEST_BYTES = 1 << 30
MOST_PANELS = 6


def draw(study: Any) -> Figure | None:
    """One matrix for each search and ratio of the first repetition, at most six."""
    panels = [(run, key) for run in study.runs.runs() if run.repetition == 1 for key in _drawn(run)][:MOST_PANELS]
    if not panels:
        return None
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with styled():
        size = WIDTH_IN / max(columns, 2)
        figure = Figure(figsize=(size * columns + 0.6, (size + 0.25) * rows))
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for (run, key), axes in zip(panels, grid.flat, strict=False):
            draw_, matrix = run.result["draws"][key], distances(gammas(run), run.result["draws"][key]["ratio"])
            image = axes.imshow(matrix, cmap="cividis", vmin=0, vmax=max(matrix.max(), 1e-9), origin="lower")
            _mark(axes, draw_, len(matrix))
            figure.colorbar(image, ax=axes, shrink=0.75, label="share of channels that differ")
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
    values, sizes = history
    layers = np.cumsum(sizes)[:-1]
    masks = np.array([flatten(channel_mask(np.split(row, layers), ratio)) for row in values], dtype=np.float32)
    kept = masks.sum(axis=1)
    return (kept[:, None] + kept[None, :] - 2.0 * (masks @ masks.T)).astype(float) / masks.shape[1]


def _drawn(run: StageRun) -> list[str]:
    draws = run.result.get("draws") or {}
    return [
        key for key, draw_ in draws.items() if draw_["rule"] != "end" and run.rep.named("tickets/gammas.npz").exists()
    ]


def _mark(axes: Any, drawn: dict[str, Any], epochs: int) -> None:
    at = drawn["epoch"] - 1
    for line in (axes.axvline, axes.axhline):
        line(at, color="white", linewidth=1.6)
        line(at, color="#D55E00", linewidth=0.9, linestyle=(0, (3, 2)))
    word = "drawn after" if drawn["fired"] else "no early bird, drawn after"
    axes.set_title(f"ratio {drawn['ratio']:g}: {word} epoch {drawn['epoch']}")
    ticks = np.unique(np.linspace(0, epochs - 1, min(6, epochs)).round().astype(int))
    axes.set_xticks(ticks, ticks + 1)
    axes.set_yticks(ticks, ticks + 1)
    axes.set(xlabel="epoch", ylabel="epoch")
