"""Where in a long trace a short piece of power over time occurs: normalised correlation at every place."""

from typing import NamedTuple

import numpy as np

from harness.crosscheck.series import Series, energy_J

PULSES = 3
CELLS = 4000  # of a template at most
LEAST = 0.7  # correlation from which a piece counts as found
APART = 0.1  # by how much the second best place must be worse


class Piece(NamedTuple):
    """Power of successive cells of equal length; `start_s` is when the first one begins."""

    start_s: float
    cell_s: float
    watts: np.ndarray


def piece(series: Series, start_s: float, stop_s: float, cell_s: float) -> Piece:
    """Mean power of each cell; a cell that the series does not reach is NaN."""
    edges = np.arange(start_s, stop_s + cell_s / 2, cell_s)
    joules = np.interp(edges, series.t_s, energy_J(series), left=np.nan, right=np.nan)
    return Piece(start_s, cell_s, np.diff(joules) / cell_s)


def pulses(start_s: float, stop_s: float, rest_s: float) -> Series:
    """What three pulses between two times look like, each as long as the pause after it, with rest around them."""
    length = (stop_s - start_s) / (2 * PULSES)
    fine = length / 200
    around = int(np.ceil(rest_s / fine)) + 1
    t_s = start_s + fine * np.arange(-around, 2 * PULSES * 200 + around + 1)
    middle = (t_s - fine / 2 - start_s) / length
    busy = (middle > 0) & (middle < 2 * PULSES) & (np.floor(middle) % 2 == 0)
    return Series(t_s, busy.astype(np.float64), fine, "mean_over_period")


def correlations(trace: Piece, template: Piece) -> np.ndarray:
    """For each cell of `trace` how well the template fits that begins there: -1 to 1, 0 where it does not fit in."""
    found = np.zeros(len(trace.watts))
    count = len(template.watts)
    pattern = template.watts - template.watts.mean()
    size = float(np.sqrt(pattern @ pattern))
    if count > len(trace.watts) or size < 1e-9:
        return found
    known = ~np.isnan(trace.watts)
    watts = np.where(known, trace.watts, 0.0) - float(np.nanmean(trace.watts))
    sums, squares, missing = (_sliding(values, count) for values in (watts, watts**2, (~known).astype(float)))
    spread = np.sqrt(np.maximum(squares - sums**2 / count, 0.0))
    product = np.correlate(watts, pattern, mode="valid")
    whole = (missing < 0.5) & (spread > 1e-9)
    found[: len(product)][whole] = product[whole] / (spread[whole] * size)
    return found


def _sliding(values: np.ndarray, count: int) -> np.ndarray:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return sums[count:] - sums[:-count]
