"""The networks that can be trained: each module here is one, named like it, with a class `Network`."""

from typing import TYPE_CHECKING, Optional, Sequence

from workloads import registry

if TYPE_CHECKING:
    from workloads.network import TicketNetwork


def build(
    name: str, num_classes: int, width: float = 1.0, widths: Optional[Sequence[int]] = None, align: int = 1
) -> "TicketNetwork":
    """A freshly initialised network that takes batches of RGB images.

    width: factor on every channel count.  widths: the channels that a ticket keeps, as a network's `widths` or
    `surgery.plan` list them.  align: pad these to a multiple with channels that are zero and stay zero.
    """
    module = registry.find(registry.MODELS, name)
    network = module.Network(num_classes, width=width, widths=widths, align=align)
    network.zero_padding()
    return network
