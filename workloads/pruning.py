"""From a training to its ticket, and from a ticket to the training that goes on with it."""

from typing import Any, Dict

import torch

from workloads import WorkloadError, surgery, ticket_file
from workloads.detection import Drawn
from workloads.job import Draw, Source, Training
from workloads.models import build
from workloads.network import TicketNetwork
from workloads.records import plain
from workloads.store import Store
from workloads.ticket_file import Ticket
from workloads.training import State


def ticket_name(draw: Draw) -> str:
    """What a training's store calls the ticket of this draw."""
    return f"tickets/{draw.key}.npz"


def ticket_of(state: State, training: Training, draw: Draw, drawn: Drawn) -> Ticket:
    """The ticket just drawn, with the dense weights at the draw."""
    plan = surgery.plan(state.model, drawn.mask)
    provenance: Dict[str, Any] = {
        "training": training.without_draws().asked(),
        "draw": plain(draw, whole=True),
        "epoch": drawn.epoch,
        "fired": drawn.fired,
        "repaired_layers": plan.repaired,
        "torch": torch.__version__,
    }
    weights = {name: values.cpu().numpy() for name, values in state.model.state_dict().items()}
    return Ticket(drawn.mask, plan.widths, provenance, weights)


def source_ticket(source: Source, store: Store) -> Ticket:
    """The ticket that a training starts from, out of the store of the training it was drawn from."""
    file = store.open(ticket_name(source.draw))
    if file is None:
        raise WorkloadError(f"the ticket {source.draw.key} has not been drawn yet: run the {source.training.role} of "
                            f"{source.training.model} on {source.training.dataset} to its end first")
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
    try:
        dense.load_state_dict({name: torch.from_numpy(values) for name, values in ticket.weights.items()})
    except RuntimeError as error:
        raise WorkloadError(f"this ticket does not fit {training.model} with {classes} classes and width "
                            f"{training.width:g}: check the model, the data set and the width multiplier") from error
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        return surgery.shrink(dense, ticket.mask, inherit=training.inherit)
