"""From a mask to a smaller network: pruned channels are cut out, and the function stays the same."""

from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor, nn

from workloads import WorkloadError
from workloads.layers import NormThenSelect, Select, Spread
from workloads.network import Group, TicketNetwork, Wire, padded
from workloads.tickets import Mask, flatten


class Plan(NamedTuple):
    """What `shrink` does with a mask.

    mask: the ticket's, except that a layer which it empties keeps its channel of largest |gamma|; repaired: the
    names of these layers.  widths: the channels kept, as `models.build` takes them; executed: those that run.
    """

    mask: Mask
    repaired: List[str]
    widths: List[int]
    executed: List[int]


def plan(model: TicketNetwork, mask: Any, align: int = 1) -> Plan:
    """How `shrink` carries out `mask` (one bool array per BatchNorm layer) on a dense network."""
    layers = _fitting(model, mask)
    names = [name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]
    repaired = [name for name, kept in zip(names, layers) if not kept.any()]
    mended = [_guarded(kept, gamma) for kept, gamma in zip(layers, model.gammas())]
    widths = [int(_union(mended, group).sum()) for group in model.groups]
    return Plan(mended, repaired, widths, padded(widths, model.full, align))


def shrink(model: TicketNetwork, mask: Any, align: int = 1, inherit: bool = True) -> TicketNetwork:
    """A smaller network that computes what `model` does once gamma and beta of all pruned channels are zero.

    A layer that the mask empties keeps its strongest channel; `plan` tells which.  Weights, BatchNorm statistics
    and classifier are inherited; without `inherit` the same architecture starts from fresh weights.  align: pad
    widths to a multiple with channels that are zero and stay zero.  `model` is left as it is.
    """
    steps = plan(model, mask, align)
    example = next(model.parameters())
    small = model.narrowed(steps.widths, align).to(example.device, example.dtype)
    wires = {wire.module: wire for wire in small.wiring()}
    for name, target in small.named_modules():
        wire = wires.get(name, Wire(name))
        rows, columns = _indices(steps, model, wire.outputs), _indices(steps, model, wire.inputs)
        _carry(model.get_submodule(name), target, rows, columns, inherit)
    small.zero_padding()
    return small.train(model.training)


def _fitting(model: TicketNetwork, mask: Any) -> Mask:
    if model.widths != model.full:
        raise WorkloadError(f"this {model.name} is a ticket already: draw the mask on its dense network")
    layers = [flatten(kept) for kept in mask]
    sizes = [norm.num_features for norm in model.batchnorms()]
    if [kept.size for kept in layers] != sizes:
        raise WorkloadError(
            f"this ticket does not fit {model.name}: it has {len(layers)} layers with {sum(map(len, layers))} "
            f"channels, the network {len(sizes)} with {sum(sizes)}; check the model and its width multiplier"
        )
    return layers


def _guarded(kept: np.ndarray, gamma: Tensor) -> np.ndarray:
    if kept.any():
        return kept
    return np.arange(kept.size) == int(gamma.abs().argmax())


def _union(mask: Mask, group: Group) -> np.ndarray:
    return np.any([mask[index] for index in group], axis=0)


def _indices(steps: Plan, model: TicketNetwork, group: Optional[Group]) -> Optional[Tensor]:
    """Dense channel numbers of a group in the order they run: those kept, then the pruned ones that pad."""
    if group is None:
        return None
    kept = _union(steps.mask, group)
    order = np.concatenate([np.flatnonzero(kept), np.flatnonzero(~kept)])
    return torch.from_numpy(order[: steps.executed[model.groups.index(group)]])


@torch.no_grad()
def _carry(
    source: nn.Module, target: nn.Module, rows: Optional[Tensor], columns: Optional[Tensor], inherit: bool
) -> None:
    """Give `target` its channel numbers and, where it inherits, the weights and statistics of `source`."""
    if isinstance(target, (Select, NormThenSelect, Spread)):
        if target.narrows and rows is not None:
            target.channels.copy_(rows[: len(target.channels)])
        rows = None
    theirs = _own(source)
    for name, values in _own(target).items():
        if inherit and name in theirs:
            values.copy_(_sliced(_sliced(theirs[name], 0, rows), 1, columns))


def _own(module: nn.Module) -> Dict[str, Tensor]:
    """The module's state without that of the modules inside it."""
    return {name: values for name, values in module.state_dict().items() if "." not in name}


def _sliced(values: Tensor, dim: int, indices: Optional[Tensor]) -> Tensor:
    if indices is None or values.dim() <= dim:
        return values
    return values.index_select(dim, indices.to(values.device))
