"""How well a network does on the test images."""

import torch
from torch import nn

from workloads import WorkloadError
from workloads.augment import Batches


@torch.no_grad()
def accuracy(model: nn.Module, batches: Batches) -> float:
    """The share of test images whose class gets the highest score, 0..1; scores that are not numbers raise."""
    model.eval()
    correct = torch.zeros((), dtype=torch.int64, device=batches.device)
    finite = torch.ones((), dtype=torch.bool, device=batches.device)
    count = 0
    for images, labels in batches.test():
        scores = model(images)
        finite &= torch.isfinite(scores).all()
        correct += (scores.argmax(1) == labels).sum()
        count += len(labels)
    if not finite:
        raise WorkloadError("the network's scores on test images are not finite: the training has diverged and stops, "
                            "its last checkpoint is kept; try a lower learning rate")
    return int(correct) / count
