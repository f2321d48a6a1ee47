"""Stochastic weight averaging: the mean of the weights at the ends of epochs (Izmailov et al., UAI 2018)."""

from typing import Any, Dict, Iterable, Tuple

import torch
from torch import Tensor, nn


class Average:
    """A running mean of a network's parameters, in full precision."""

    def __init__(self) -> None:
        self.count = 0
        self.values: Dict[str, Tensor] = {}

    @torch.no_grad()
    def add(self, model: nn.Module) -> None:
        """Take the weights of one more epoch in."""
        self.count += 1
        for name, parameter in model.named_parameters():
            if self.count == 1:
                self.values[name] = parameter.detach().clone()
            else:
                mean = self.values[name]
                self.values[name] = mean.add_((parameter - mean).div_(self.count))

    def state(self) -> Dict[str, Any]:
        """What a checkpoint holds."""
        return {"count": self.count, "values": self.values} if self.count else {}

    @classmethod
    def of(cls, state: Dict[str, Any], device: torch.device) -> "Average":
        """The average that was held."""
        average = cls()
        average.count = state.get("count", 0)
        average.values = {name: values.to(device) for name, values in state.get("values", {}).items()}
        return average


@torch.no_grad()
def averaged(model: nn.Module, average: Average, batches: Iterable[Tuple[Tensor, Tensor]]) -> nn.Module:
    """`model`, now with the mean weights, and with BatchNorm statistics of its own: those of these batches."""
    model.load_state_dict(dict(model.state_dict(), **average.values))
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    model.train()
    for images, _ in batches:
        model(images)
    return model.eval()
