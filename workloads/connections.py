"""Unstructured tickets: which single weights a network keeps.  Those pruned are zeros that stay; nothing is saved."""

from typing import Dict, Mapping

import numpy as np
import torch
from torch import Tensor, nn

Connections = Dict[str, Tensor]  # by parameter name, bool, True = the weight is kept


def strongest(scores: Mapping[str, Tensor], ratio: float) -> Connections:
    """Prune the share `ratio` of all weights, those of lowest score: keep score > sort(scores)[int(total * ratio)].

    One threshold for all tensors; weights tied with it go.
    """
    flat = torch.cat([values.reshape(-1) for values in scores.values()]).cpu().numpy()
    rank = int(flat.size * ratio)
    threshold = float(np.partition(flat, rank)[rank])
    return {name: values > threshold for name, values in scores.items()}


@torch.no_grad()
def cut(model: nn.Module, kept: Mapping[str, Tensor]) -> None:
    """Zero the weights that are not kept."""
    parameters = dict(model.named_parameters())
    for name, mask in kept.items():
        parameters[name].mul_(mask.to(parameters[name].device))


class Hold:
    """Keeps pruned weights where they are: called between backward and step, all tensors at once."""

    def __init__(self, model: nn.Module, kept: Mapping[str, Tensor]) -> None:
        parameters = dict(model.named_parameters())
        self._held = [parameters[name] for name in kept]
        self._masks = [kept[name].to(parameters[name]) for name in kept]

    def __call__(self) -> None:
        torch._foreach_mul_([parameter.grad for parameter in self._held], self._masks)


def share_kept(kept: Mapping[str, Tensor]) -> float:
    """The share of the weights looked at that is kept."""
    return sum(int(mask.sum()) for mask in kept.values()) / sum(mask.numel() for mask in kept.values())
