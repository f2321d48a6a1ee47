"""The weights that the loss of one batch depends on most: the ticket of SNIP, drawn before training."""

from copy import deepcopy
from typing import Iterator, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from workloads import WorkloadError
from workloads.augment import Batches
from workloads.connections import cut, strongest
from workloads.job import Draw, Training
from workloads.network import TicketNetwork
from workloads.pruning import whole_ticket
from workloads.ticket_file import Ticket

VARIANTS = ("", "xavier")


def ticket(draw: Draw, model: TicketNetwork, training: Training, batches: Batches) -> Ticket:
    """The weights that the loss of the first batch depends on most, at their initial values."""
    if draw.variant not in VARIANTS:
        raise WorkloadError(f"no scoring {draw.variant!r}; there are: '' (the initial weights) and 'xavier'")
    scored = deepcopy(model).train()
    if draw.variant == "xavier":
        _initialise(scored, training.seed)
    images, labels = next(batches.train(training.seed, 0, training.batch_size))
    functional.cross_entropy(scored(images), labels).backward()
    kept = strongest({name: (weight.detach() * weight.grad).abs() for name, weight in _weights(scored)}, draw.ratio)
    initial = deepcopy(model)
    cut(initial, kept)
    return whole_ticket(initial, kept)


def _weights(model: nn.Module) -> Iterator[Tuple[str, Tensor]]:
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            yield f"{name}.weight", module.weight


def _initialise(model: nn.Module, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _, weight in _weights(model):
            weight.data.copy_(nn.init.xavier_normal_(torch.empty(weight.shape)))
