"""Whether a ticket fits the network that it says it was drawn from: asked of files before they are taken in."""

from typing import Dict

import numpy as np

from workloads import WorkloadError, surgery
from workloads.models import build
from workloads.network import TicketNetwork
from workloads.origin import Origin, origin
from workloads.ticket_file import Ticket

WIDEST = 4.0  # a network of ours that is wider does not fit into a ticket file anyway


def check(ticket: Ticket) -> Origin:
    """The origin of a ticket whose mask, widths and weights all fit the network named there; another raises."""
    found = origin(ticket)
    dense = _dense(found, ticket)
    widths = surgery.plan(dense, ticket.mask).widths
    if list(ticket.widths) != widths:
        raise WorkloadError(
            f"this ticket's widths {list(ticket.widths)} are not those of its mask, {widths}: export it again"
        )
    state = {name: tuple(values.shape) for name, values in dense.state_dict().items()}
    if ticket.weights:
        _same_shapes("weights", {name: values.shape for name, values in ticket.weights.items()}, state)
        bad = [name for name, values in ticket.weights.items() if not np.isfinite(values).all()]
        if bad:
            raise WorkloadError(f"this ticket's {bad[0]} holds values that are not numbers: its training had diverged")
    masked = {name: values.shape for name, values in ticket.connections.items()}
    _same_shapes("connections", masked, {name: state.get(name, ()) for name in masked})
    return found


def _dense(found: Origin, ticket: Ticket) -> TicketNetwork:
    training = found.training
    if training.width > WIDEST:
        raise WorkloadError(f"this ticket is of a {training.model} {training.width:g} times as wide as ours: refused")
    # The last entry of a state is the classifier's bias; without weights the classes do not matter to a mask.
    classes = list(ticket.weights.values())[-1].size if ticket.weights else 1
    return build(training.model, max(1, classes), width=training.width)


def _same_shapes(what: str, found: Dict[str, tuple], wanted: Dict[str, tuple]) -> None:
    differing = sorted(name for name in {**found, **wanted} if found.get(name) != wanted.get(name))
    if differing:
        name = differing[0]
        raise WorkloadError(
            f"this ticket's {what} do not fit its network: {name} is {found.get(name, 'missing')} here and "
            f"{wanted.get(name, 'missing')} there; check the version that wrote it"
        )
