"""The channels whose filters soft pruning has left: the ticket of SFP."""

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
    sums enter a residual stream are zeroed while training but cannot be cut from it.
    """
    filters = {name: strong_filters(module.weight, draw.ratio).cpu().numpy() for name, module in softened(model)}
    producers = {wire.outputs: wire.module for wire in model.wiring() if wire.module in filters}
    mask = [
        filters[producers[(index,)]] if (index,) in producers else [True] * norm.num_features
        for index, norm in enumerate(model.batchnorms())
    ]
    plan = surgery.plan(model, mask)
    return Ticket(plan.mask, plan.widths, weights=state_arrays(model))
