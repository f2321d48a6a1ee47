"""How well a network does on images that it was not trained on."""

from typing import Iterable, Tuple

import torch
from torch import Tensor, nn

from workloads import WorkloadError


@torch.no_grad()
def accuracy(model: nn.Module, batches: Iterable[Tuple[Tensor, Tensor]]) -> float:
    """The share of images whose class gets the highest score, 0..1; scores that are not numbers raise."""
    model.eval()
    device = next(model.parameters()).device
    correct = torch.zeros((), dtype=torch.int64, device=device)
    finite = torch.ones((), dtype=torch.bool, device=device)
    count = 0
    for images, labels in batches:
        scores = model(images)
        finite &= torch.isfinite(scores).all()
        correct += (scores.argmax(1) == labels).sum()
        count += len(labels)
    if not finite:
        raise WorkloadError(
            "the network's scores on test images are not numbers: the training has diverged and stops, "
            "its last checkpoint is kept; try a lower learning rate"
        )
    return int(correct) / count
