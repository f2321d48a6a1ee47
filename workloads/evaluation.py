"""How well a network does on images that it was not trained on."""

from typing import Iterable, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from workloads import WorkloadError

GUESSES = 5


class Accuracy(NamedTuple):
    """Shares of images, 0..1, whose class gets the highest score, and one of the five highest.

    `top5` is None with five classes or fewer, where no guess could miss.
    """

    top1: float
    top5: Optional[float]


@torch.no_grad()
def accuracy(model: nn.Module, batches: Iterable[Tuple[Tensor, Tensor]]) -> Accuracy:
    """How many images are told right; scores that are not numbers raise."""
    model.eval()
    device = next(model.parameters()).device
    correct, among = (torch.zeros((), dtype=torch.int64, device=device) for _ in range(2))
    finite = torch.ones((), dtype=torch.bool, device=device)
    count, classes = 0, 0
    for images, labels in batches:
        scores = model(images)
        finite &= torch.isfinite(scores).all()
        correct += (scores.argmax(1) == labels).sum()
        classes = scores.shape[1]
        if classes > GUESSES:
            among += (scores.topk(GUESSES).indices == labels[:, None]).sum()
        count += len(labels)
    if not finite:
        raise WorkloadError(
            "the network's scores on test images are not numbers: the training has diverged and stops, "
            "its last checkpoint is kept; try a lower learning rate"
        )
    return Accuracy(int(correct) / count, int(among) / count if classes > GUESSES else None)
