"""Early-Bird tickets: which channels a ratio keeps, how far two masks differ, and when masks have settled.

You et al., ICLR 2020, section 3.  No torch here: the BatchNorm gammas come as numpy arrays or as tensors.
"""

from collections import deque
from typing import Any, Deque, List, Sequence

import numpy as np

from workloads import WorkloadError

Mask = List[np.ndarray]  # one bool array per BatchNorm layer, in module order; True = the channel is kept
DETECTOR_RULES = ("consecutive", "window")


def channel_mask(gammas: Sequence[Any], ratio: float) -> Mask:
    """Keep the channels whose |gamma| exceeds the global threshold sort(|gamma|)[int(total * ratio)].

    gammas: one 1-D array or tensor per BatchNorm layer, in module order.  The comparison is strict, so
    channels tied with the threshold go, and a layer may lose all of its channels.
    """
    if not 0 < ratio < 1:
        raise WorkloadError(f"ratio {ratio} is outside (0, 1): it is the share of channels to prune")
    layers = [_array(gamma).ravel() for gamma in gammas]
    if not any(layer.size for layer in layers):
        raise WorkloadError("no gammas to rank: a ticket needs a network with BatchNorm layers")
    scores = np.abs(np.concatenate(layers))
    if np.isnan(scores).any():
        raise WorkloadError("a gamma is NaN, the training diverged: lower the learning rate")
    rank = int(scores.size * ratio)
    threshold = np.partition(scores, rank)[rank]
    return unflatten(scores > threshold, [layer.size for layer in layers])


def flatten(mask: Any) -> np.ndarray:
    """The whole network's mask as one bool array, from one array or tensor per layer or from a single one."""
    layers = mask if isinstance(mask, (list, tuple)) else [mask]
    return np.concatenate([_array(layer).astype(bool).ravel() for layer in layers])


def unflatten(flat: Any, sizes: Sequence[int]) -> Mask:
    """The inverse of `flatten` for layers of the given sizes."""
    flat = flatten(flat)
    if flat.size != sum(sizes):
        raise WorkloadError(f"a mask of {flat.size} channels does not fill layers of {sum(sizes)} in all")
    return np.split(flat, np.cumsum(sizes)[:-1])


def mask_distance(a: Any, b: Any) -> float:
    """Share of all the network's channels on which two masks differ, in [0, 1]."""
    first, second = flatten(a), flatten(b)
    if first.size != second.size or not first.size:
        raise WorkloadError(f"masks of {first.size} and {second.size} channels have no distance: the networks differ")
    return np.count_nonzero(first != second) / first.size


class Detector:
    """Tells when a mask has stopped moving; one detector serves one ratio.

    `consecutive` (the paper): the last `window` distances between successive masks are all < epsilon, which
    takes window + 1 masks.  `window` (the released code): of the last `window` masks, the newest is no farther
    than epsilon from each of the others.  `distances` are those that the newest mask was judged by.
    """

    def __init__(self, window: int = 5, epsilon: float = 0.1, rule: str = "consecutive") -> None:
        if rule not in DETECTOR_RULES:
            raise WorkloadError(f"no detector rule '{rule}'; there are: {', '.join(DETECTOR_RULES)}")
        least = 2 if rule == "window" else 1
        if window < least:
            raise WorkloadError(f"window {window} is too short for '{rule}': it must be {least} or more")
        if not epsilon > 0:
            raise WorkloadError(f"epsilon {epsilon} can never be met: it must be more than 0, such as 0.1")
        self.window, self.epsilon, self.rule = window, epsilon, rule
        self.distances: List[float] = []
        self._needed = window + 1 if rule == "consecutive" else window
        self._packed: Deque[np.ndarray] = deque(maxlen=self._needed)
        self._size = 0

    def update(self, mask: Any) -> bool:
        """Take in the newest mask; True when the rule holds for it."""
        flat = flatten(mask)
        if self._packed and flat.size != self._size:
            raise WorkloadError(f"this detector follows masks of {self._size} channels, not of {flat.size}")
        self._size = flat.size
        self._packed.append(np.packbits(flat))
        self.distances = self._distances()
        if len(self._packed) < self._needed:
            return False
        if self.rule == "consecutive":
            return all(distance < self.epsilon for distance in self.distances)
        return all(distance <= self.epsilon for distance in self.distances)

    @property
    def masks(self) -> List[np.ndarray]:
        """Flat bool masks that the next decision rests on, oldest first: all of the detector's state."""
        return [np.unpackbits(packed)[: self._size].astype(bool) for packed in self._packed]

    def resume(self, masks: Sequence[Any]) -> None:
        """Take up where a detector with these `masks` was."""
        self._packed.clear()
        for mask in masks:
            self.update(mask)

    @property
    def nbytes(self) -> int:
        """Bytes of the masks kept: one bit per channel."""
        return sum(packed.nbytes for packed in self._packed)

    def _distances(self) -> List[float]:
        older, newest = list(self._packed)[:-1], self._packed[-1]
        others = older[1:] + [newest] if self.rule == "consecutive" else [newest] * len(older)
        return [_differing_bits(a, b) / self._size for a, b in zip(older, others)]


def _differing_bits(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.unpackbits(a ^ b).sum())


def _array(values: Any) -> np.ndarray:
    """A numpy array of the same values, wherever a tensor lives."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values  # numpy has no bfloat16
        values = values.numpy()
    return np.asarray(values)
