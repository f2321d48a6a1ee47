"""The channels whose filters soft pruning has left: the ticket of SFP."""

import math
from copy import deepcopy

import torch

from workloads import surgery
from workloads.augment import Batches
from workloads.job import Draw, Training
from workloads.network import TicketNetwork
from workloads.pruning import state_arrays
from workloads.soft import softened, strong_filters
from workloads.ticket_file import Ticket


def ticket(draw: Draw, model: TicketNetwork, training: Training, batches: Batches) -> Ticket:
    """The channels whose filters are not zero.

    What BatchNorm adds to a channel without a filter goes with it, and fine-tuning makes up for that; filters whose
    sums enter a residual stream are zeroed while training but cannot be cut from it.  Weights are levelled.
    """
    filters = {name: strong_filters(module.weight, draw.ratio).cpu().numpy() for name, module in softened(model)}
    producers = {wire.outputs: wire.module for wire in model.wiring() if wire.module in filters}
    mask = [
        filters[producers[(index,)]] if (index,) in producers else [True] * norm.num_features
        for index, norm in enumerate(model.batchnorms())
    ]
    plan = surgery.plan(model, mask)
    return Ticket(plan.mask, plan.widths, weights=state_arrays(levelled(model)))


@torch.no_grad()
def levelled(model: TicketNetwork) -> TicketNetwork:
    """A copy that computes the same, each filter in front of a BatchNorm as long as initialisation would make it.

    BatchNorm magnifies the first gradients of a filter of zeros some hundred times.  Filters that have grown back are
    therefore tens of times longer than others, and at the usual learning rates fine-tuning would no longer turn them.
    """
    model = deepcopy(model)
    convolutions, norms = dict(softened(model)), model.batchnorms()
    for wire in model.wiring():
        if wire.module in convolutions and wire.outputs is not None:
            weight, norm = convolutions[wire.module].weight, norms[wire.outputs[0]]
            lengths = weight.flatten(1).norm(dim=1)
            usual = math.sqrt(2 * weight.shape[1] / weight.shape[0])
            factors = torch.where(lengths > 0, usual / lengths, torch.ones_like(lengths))
            weight *= factors.view(-1, 1, 1, 1)
            norm.running_mean *= factors
            norm.running_var *= factors**2
    return model
