"""From a training to its ticket, and from a ticket to the training that goes on with it."""

from dataclasses import replace
from typing import Dict, Optional

import numpy as np
import torch

from workloads import WorkloadError, surgery, ticket_file
from workloads.connections import Connections, cut
from workloads.detection import Drawn
from workloads.job import Draw, Training
from workloads.models import build
from workloads.network import TicketNetwork
from workloads.origin import provenance
from workloads.store import Store
from workloads.ticket_file import Ticket
from workloads.tickets import Mask
from workloads.training import State


def ticket_of(model: TicketNetwork, mask: Mask) -> Ticket:
    """The channels of a mask with the dense weights at the draw."""
    return Ticket(mask, surgery.plan(model, mask).widths, weights=state_arrays(model))


def whole_ticket(model: TicketNetwork, kept: Connections) -> Ticket:
    """All channels, some of their weights, at the values that they have in `model`."""
    mask = [np.ones(norm.num_features, dtype=bool) for norm in model.batchnorms()]
    connections = {name: values.cpu().numpy() for name, values in kept.items()}
    return Ticket(mask, model.widths, weights=state_arrays(model), connections=connections)


def signed(ticket: Ticket, training: Training, draw: Draw, drawn: Drawn, validation: Optional[float]) -> Ticket:
    """The ticket with where it comes from, and the best validation accuracy until then where images are held out."""
    told = dict(provenance(training, draw, drawn.epoch, drawn.fired), torch=torch.__version__)
    return replace(ticket, provenance=told if validation is None else dict(told, validation_best=validation))


def state_arrays(model: TicketNetwork) -> Dict[str, np.ndarray]:
    """A network's weights and statistics as arrays."""
    return {name: values.cpu().numpy().copy() for name, values in model.state_dict().items()}


def saved_ticket(draw: Draw, store: Store) -> Ticket:
    """The ticket of this draw, out of the store of the training it was drawn from."""
    file = store.open(ticket_file.name(draw))
    if file is None:
        raise WorkloadError(f"the ticket {draw.key} has not been drawn yet: run the training that draws it first")
    with file:
        return ticket_file.read(file)


def fresh(training: Training, classes: int) -> TicketNetwork:
    """The dense network with the initial weights of the training's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        return build(training.model, classes, width=training.width)


def pruned(training: Training, ticket: Ticket, classes: int) -> TicketNetwork:
    """The ticket's subnetwork of the dense network it was drawn from; its weights inherited, or from the seed."""
    dense = fresh(training, classes)
    if not ticket.weights:
        if training.inherit:
            raise WorkloadError(
                "this ticket was exported without weights, and a training is to inherit them: export it again with "
                "its weights, or train it with inherit = false"
            )
        return _shrunk(dense, training, ticket)
    try:
        dense.load_state_dict({name: torch.from_numpy(values) for name, values in ticket.weights.items()})
    except RuntimeError as error:
        raise WorkloadError(
            f"this ticket does not fit {training.model} with {classes} classes and width "
            f"{training.width:g}: check the model, the data set and the width multiplier"
        ) from error
    return _shrunk(dense, training, ticket)


def _shrunk(dense: TicketNetwork, training: Training, ticket: Ticket) -> TicketNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        return surgery.shrink(dense, ticket.mask, align=training.align, inherit=training.inherit)


def copied(model: TicketNetwork) -> TicketNetwork:
    """The same network without what a training has hung on it."""
    copy = model.narrowed(model.widths, model.align).to(next(model.parameters()).device)
    copy.load_state_dict(model.state_dict())
    return copy.to(memory_format=torch.channels_last)


def connect(state: State, ticket: Ticket) -> None:
    """Let a training keep only the connections of a ticket that prunes single weights."""
    state.connections = {name: torch.from_numpy(kept) for name, kept in ticket.connections.items()}
    cut(state.model, state.connections)
