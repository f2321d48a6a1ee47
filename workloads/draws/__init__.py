"""How tickets are drawn other than by BatchNorm scales: each module here is one way, with a function `ticket`."""

from typing import TYPE_CHECKING

from workloads import registry
from workloads.job import Draw, Training

if TYPE_CHECKING:
    from workloads.augment import Batches
    from workloads.network import TicketNetwork
    from workloads.ticket_file import Ticket


def ticket(draw: Draw, model: "TicketNetwork", training: Training, batches: "Batches") -> "Ticket":
    """The ticket that `draw.by` draws from a network in training; the network is left as it is."""
    return registry.find(registry.DRAWS, draw.by).ticket(draw, model, training, batches)
