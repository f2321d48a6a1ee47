"""What every network tells about itself: its widths, its BatchNorm layers, and what is wired to what.

Surgery works on this description alone, so a new model is one file in `workloads/models`.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from workloads import WorkloadError
from workloads.layers import NormThenSelect

# BatchNorm layers, numbered in module order: a channel of the group stays while one of their masks keeps it.
Group = Tuple[int, ...]


class Wire(NamedTuple):
    """Which channels a module's outputs and inputs are; None = not touched by a ticket."""

    module: str
    outputs: Optional[Group] = None
    inputs: Optional[Group] = None


class TicketNetwork(nn.Module):
    """A network whose channel counts a ticket can narrow.

    groups: the channel groups with a width of their own, first one per BatchNorm layer; full: their dense
    widths.  `widths` are the channels that a ticket keeps in each group, `executed` those that run: `widths`
    padded to a multiple of `align`.
    """

    def __init__(
        self,
        num_classes: int,
        width: float,
        widths: Optional[Sequence[int]],
        align: int,
        groups: Sequence[Group],
        full: Sequence[int],
    ) -> None:
        super().__init__()
        _check(num_classes, width, align)
        self.num_classes, self.width, self.align = num_classes, width, align
        self.groups, self.full = list(groups), list(full)
        self.widths = _settle(widths, self.full, norms=sum(len(group) == 1 for group in groups))
        self.executed = padded(self.widths, self.full, align)

    @property
    def name(self) -> str:
        """The name that `workloads.models.build` knows this network by."""
        return type(self).__module__.rsplit(".", 1)[-1]

    def narrowed(self, widths: Sequence[int], align: int) -> "TicketNetwork":
        """A freshly initialised network like this one, of other widths."""
        build: Any = type(self)
        return build(self.num_classes, width=self.width, widths=widths, align=align)

    def wiring(self) -> List[Wire]:
        """One wire per module that a ticket changes."""
        raise NotImplementedError

    def kept(self, group: Group) -> int:
        """Channels of a group that the ticket keeps."""
        return self.widths[self.groups.index(group)]

    def runs(self, group: Group) -> int:
        """Channels of a group that run: those kept and those that pad them."""
        return self.executed[self.groups.index(group)]

    def batchnorms(self) -> List[nn.BatchNorm2d]:
        """The BatchNorm layers in module order: the order of gammas and masks."""
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]

    def gammas(self) -> List[Tensor]:
        """The BatchNorm scales on the CPU, one tensor per layer, moved there in a single transfer."""
        scales = [norm.weight.detach() for norm in self.batchnorms()]
        return list(torch.cat(scales).cpu().split([len(scale) for scale in scales]))

    @torch.no_grad()
    def zero_padding(self) -> None:
        """Zero the channels that only pad a width.  They yield zero and get zero gradient: they stay zero."""
        for wire in self.wiring():
            module = self.get_submodule(wire.module)
            outputs = None if wire.outputs is None else self.kept(wire.outputs)
            inputs = None if wire.inputs is None else self.kept(wire.inputs)
            if isinstance(module, NormThenSelect):
                module.silence(outputs)
            else:
                _zero_beyond(module.state_dict(), outputs, inputs)


def scaled(channels: int, width: float) -> int:
    """A channel count under a width multiplier, never less than one."""
    return max(1, int(round(channels * width)))


def initialise(model: nn.Module, gamma: float) -> None:
    """Convolutions from N(0, 2 / (k * k * outputs)), BatchNorm scales at `gamma`, as the paper's networks start."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.weight, gamma)


def padded(widths: Sequence[int], full: Sequence[int], align: int) -> List[int]:
    """Widths raised to a multiple of `align`, never above the dense width."""
    return [min(most, -(-kept // align) * align) for kept, most in zip(widths, full)]


def _zero_beyond(state: Dict[str, Tensor], outputs: Optional[int], inputs: Optional[int]) -> None:
    for name, values in state.items():
        if outputs is not None and name in ("weight", "bias", "running_mean", "running_var"):
            values[outputs:] = 1 if name == "running_var" else 0
        if inputs is not None and name == "weight":
            values[:, inputs:] = 0


def _check(num_classes: int, width: float, align: int) -> None:
    if num_classes < 1:
        raise WorkloadError(f"num_classes {num_classes} is too few: give the number of classes of the data set")
    if not width > 0:
        raise WorkloadError(f"width {width} leaves no channels: it multiplies every channel count")
    if align < 1:
        raise WorkloadError(f"align {align} is no multiple to pad widths to: use 8, or 1 for no padding")


def _settle(widths: Optional[Sequence[int]], full: List[int], norms: int) -> List[int]:
    """Every group's width; groups after those of the BatchNorm layers may be left out and are dense then."""
    if widths is None:
        return list(full)
    given = [int(kept) for kept in widths]
    if len(given) not in (norms, len(full)):
        raise WorkloadError(f"{len(given)} widths do not fit this network: it has {norms} BatchNorm layers")
    given += full[len(given) :]
    for index, (kept, most) in enumerate(zip(given, full)):
        if not 1 <= kept <= most:
            raise WorkloadError(f"width {kept} of layer {index} does not fit: it must be 1 to {most} there")
    return given
