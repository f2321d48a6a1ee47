"""Following masks until a ticket is drawn: what EB Train adds to an epoch, and what that costs by itself."""

import math
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from workloads.job import UNDETECTED, Draw
from workloads.tickets import Detector, Mask, channel_mask


class Drawn(NamedTuple):
    """After how many epochs a ticket was drawn, whether a rule fired or the search was over, and its channel mask."""

    epoch: int
    fired: bool
    mask: Optional[Mask]


class Search:
    """One draw of a training: takes in the gammas of each epoch until the ticket is drawn.

    distances: between the masks of successive epochs, from the second on.  Of a draw that is not by gammas it tells
    only when it is due.
    """

    def __init__(self, draw: Draw, last_epoch: int) -> None:
        self.draw, self.last_epoch = draw, last_epoch
        self.detector = None if draw.rule in UNDETECTED else Detector(draw.window, draw.epsilon, draw.rule)
        self.distances: List[float] = []
        self.drawn: Optional[Drawn] = None

    def due(self, epochs_done: int) -> bool:
        """Whether the mask after this many epochs matters."""
        return self.drawn is None and (self.detector is not None or epochs_done == (self.draw.at or self.last_epoch))

    def update(self, gammas: Sequence[Any], epochs_done: int) -> None:
        """Take in the gammas at the end of an epoch: one array or tensor per BatchNorm layer."""
        mask = None if self.draw.by else channel_mask(gammas, self.draw.ratio)
        fired = self.detector is None or self.detector.update(mask)
        if self.detector is not None:
            self.distances += self.detector.distances[-1:]
        if fired or epochs_done == self.last_epoch:
            self.drawn = Drawn(epochs_done, fired, mask)


def searches(
    draws: Sequence[Draw], history: Sequence[np.ndarray], sizes: Sequence[int], last_epoch: int
) -> List[Search]:
    """The searches of a training as they stand after the epochs whose flat gammas are in `history`."""
    found = [Search(draw, last_epoch) for draw in draws]
    for epochs_done, flat in enumerate(history, 1):
        for search in found:
            if search.due(epochs_done):
                search.update(per_layer(flat, sizes), epochs_done)
    return found


def per_layer(flat: np.ndarray, sizes: Sequence[int]) -> List[np.ndarray]:
    """Gammas of all layers in a row as one array per layer."""
    return np.split(flat, np.cumsum(sizes)[:-1])


def overhead(draw: Draw, gammas: Sequence[Any], window_s: float, phase: Callable) -> Dict[str, Any]:
    """What one detection costs: its seconds, the bytes kept between epochs, and both costs as the paper counts them.

    Mask, distance and detector are repeated on the same gammas for at least `window_s` seconds within a phase of their
    own, so that a meter can tell their energy; with 0 there is no such phase and `seconds_each` is None.
    """
    search = Search(draw, last_epoch=0)

    def detect() -> None:
        search.update(gammas, epochs_done=1)

    count = sum(len(gamma) for gamma in gammas)
    repeats, seconds = 0, None
    if window_s > 0:
        with phase("window", of="detect", draw=draw.key) as note:
            repeats, lasted = _repeated(detect, window_s)
            seconds = lasted / repeats
            note(repeats=repeats)
    else:
        for _ in range(draw.window + 1):  # as many masks as a search ever keeps
            detect()
    return {
        "seconds_each": seconds,
        "repeats": repeats,
        "memory_bytes": 0 if search.detector is None else search.detector.nbytes,
        "memory_bytes_paper": 4 * count,
        "flops_paper": paper_flops(count),
    }


def paper_flops(gammas: int) -> int:
    """3 n log2 n + 2 n for n gammas: the count that the paper's "0.026 % of one forward pass" comes from."""
    return int(round(3 * gammas * math.log2(gammas) + 2 * gammas))


def _repeated(work: Callable[[], None], seconds: float) -> Tuple[int, float]:
    """How often `work` was done in at least `seconds`, and how long that took."""
    began, repeats, lasted = time.monotonic(), 0, 0.0
    while lasted < seconds:
        work()
        repeats, lasted = repeats + 1, time.monotonic() - began
    return repeats, lasted
