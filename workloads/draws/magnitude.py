"""The largest weights of all convolutions, rewound: the ticket of the lottery ticket hypothesis."""

import torch

from workloads.augment import Batches
from workloads.connections import cut, strongest
from workloads.job import Draw, Training
from workloads.network import TicketNetwork
from workloads.pruning import fresh, whole_ticket
from workloads.ticket_file import Ticket


def ticket(draw: Draw, model: TicketNetwork, training: Training, batches: Batches) -> Ticket:
    """The convolution weights of largest magnitude, one threshold for all, at the values they had before training."""
    convolutions = {
        f"{name}.weight": module.weight.detach().abs()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Conv2d)
    }
    kept = strongest(convolutions, draw.ratio)
    initial = fresh(training, model.num_classes)
    cut(initial, kept)
    return whole_ticket(initial, kept)
