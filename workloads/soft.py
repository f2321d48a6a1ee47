"""Soft filter pruning: the weakest filters are zeroed after every epoch, and may grow back in the next one.

As in the paper's Algorithm 1 they are not zeroed before the first epoch, as in the released code: a filter of zeros
before a BatchNorm whose shift is still zero gets no gradient through the ReLU behind it, and would never grow.
"""

from typing import Iterator, Tuple

import torch
from torch import Tensor, nn


@torch.no_grad()
def zero_filters(model: nn.Module, ratio: float) -> None:
    """Zero the share `ratio` of each convolution's filters, those of smallest L2 norm; BatchNorm stays as it is."""
    for _, convolution in softened(model):
        convolution.weight[~strong_filters(convolution.weight, ratio)] = 0


def strong_filters(weight: Tensor, ratio: float) -> Tensor:
    """Bool [filters]: all but the int(filters * ratio) of smallest L2 norm."""
    kept = torch.ones(len(weight), dtype=torch.bool, device=weight.device)
    kept[weight.flatten(1).norm(dim=1).argsort()[: int(len(weight) * ratio)]] = False
    return kept


def softened(model: nn.Module) -> Iterator[Tuple[str, nn.Conv2d]]:
    """Every convolution with its name, but those of the shortcuts."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and "downsample" not in name:
            yield name, module
