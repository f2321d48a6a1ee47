"""ResNets in torchvision's layout and names, whose residual stream keeps its width whatever a ticket prunes.

Every BatchNorm layer can be pruned.  A branch that lost channels is added to those of the stream that it kept, and
a block looks at the channels of the stream that are not zero because all that was added to them is pruned.  (EB
Train's released code hides from a block what the last BatchNorm before it prunes, whatever else was added to these
channels: its tickets compute something else than the masked network.)
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

from torch import Tensor, nn
from torch.nn import functional

from workloads.layers import Select, Shortcut, Spread
from workloads.network import Group, TicketNetwork, Wire, initialise, scaled

PLANES = (64, 128, 256, 512)
STEM = (0,)


class Place(NamedTuple):
    """Where a block stands: its channels, its BatchNorm layers by number, and those that feed the stream it sees."""

    name: str
    entering: int
    inner: int
    leaving: int
    stride: int
    norms: Tuple[int, ...]
    shortcut: Optional[int]
    sees: Group


class ResNet(TicketNetwork):
    """[N, 3, H, W] -> [N, num_classes].

    blocks: how many per stage; kernels: of a block's convolutions, of which the first 3x3 one strides; expansion:
    channels that leave a block per channel inside it.
    """

    blocks: Sequence[int]
    kernels: Sequence[int]
    expansion: int

    def __init__(
        self, num_classes: int, width: float = 1.0, widths: Optional[Sequence[int]] = None, align: int = 1
    ) -> None:
        stem, places = scaled(PLANES[0], width), _places(self, width)
        joint = [place for place in places if len(place.sees) > 1]
        full = [stem] + [channels for place in places for channels in _norm_widths(place)]
        groups = [(index,) for index in range(len(full))] + [place.sees for place in joint]
        super().__init__(num_classes, width, widths, align, groups, full + [place.entering for place in joint])
        self.places = places
        self.conv1 = nn.Conv2d(3, self.runs(STEM), kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(self.runs(STEM))
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.spread = Spread(stem, self.kept(STEM))
        for stage in range(1, len(self.blocks) + 1):
            here = [place for place in places if place.name.startswith(f"layer{stage}.")]
            self.add_module(f"layer{stage}", nn.Sequential(*[Block(self, place) for place in here]))
        self.fc = nn.Linear(places[-1].leaving, num_classes)
        initialise(self, gamma=1.0)

    def forward(self, images: Tensor) -> Tensor:
        stream = self.spread(self.maxpool(self.relu(self.bn1(self.conv1(images)))))
        for stage in range(1, len(self.blocks) + 1):
            stream = getattr(self, f"layer{stage}")(stream)
        return self.fc(functional.adaptive_avg_pool2d(stream, 1).flatten(1))

    def wiring(self) -> List[Wire]:
        """Branches keep their own BatchNorm's channels; the stream and the classifier stay whole."""
        wires = [Wire("conv1", STEM), Wire("bn1", STEM), Wire("spread", STEM)]
        for place in self.places:
            wires += _block_wires(place)
        return wires


class Block(nn.Module):
    """Convolutions with BatchNorm, ReLU between them, added to the stream; ReLU."""

    def __init__(self, network: ResNet, place: Place) -> None:
        super().__init__()
        self.select = Select(place.entering, network.kept(place.sees), network.runs(place.sees))
        self.depth = len(place.norms)
        inputs, strides = place.sees, network.kernels.index(3)
        for index, (kernel, norm) in enumerate(zip(network.kernels, place.norms)):
            stride = place.stride if index == strides else 1
            self.add_module(f"conv{index + 1}", _convolution(network, inputs, (norm,), kernel, stride))
            self.add_module(f"bn{index + 1}", nn.BatchNorm2d(network.runs((norm,))))
            inputs = (norm,)
        self.relu = nn.ReLU(inplace=True)
        self.spread = Spread(place.leaving, network.kept(inputs))
        self.downsample = None
        if place.shortcut is not None:
            shortcut = (place.shortcut,)
            convolution = Shortcut(network.runs(place.sees), network.runs(shortcut), place.stride)
            self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(network.runs(shortcut)))
            self.shortcut = Spread(place.leaving, network.kept(shortcut))

    def forward(self, stream: Tensor) -> Tensor:
        seen = branch = self.select(stream)
        for number in range(1, self.depth + 1):
            branch = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(branch))
            if number < self.depth:
                branch = self.relu(branch)
        if self.downsample is not None:
            stream = self.shortcut(self.downsample(seen))
        return self.relu(self.spread(branch, stream))


def _places(network: ResNet, width: float) -> List[Place]:
    places, stream, norm = [], scaled(PLANES[0], width), 1
    feeding: Group = STEM
    for stage, channels in enumerate(PLANES):
        inner = scaled(channels, width)
        leaving = inner * network.expansion
        for index in range(network.blocks[stage]):
            stride = 2 if stage and not index else 1
            norms = tuple(range(norm, norm + len(network.kernels)))
            shortcut = norms[-1] + 1 if stride > 1 or stream != leaving else None
            name = f"layer{stage + 1}.{index}"
            places.append(Place(name, stream, inner, leaving, stride, norms, shortcut, feeding))
            feeding = (feeding if shortcut is None else (shortcut,)) + norms[-1:]
            stream, norm = leaving, norms[-1] + (1 if shortcut is None else 2)
    return places


def _norm_widths(place: Place) -> List[int]:
    ends = [place.leaving] if place.shortcut is None else [place.leaving, place.leaving]
    return [place.inner] * (len(place.norms) - 1) + ends


def _convolution(network: ResNet, inputs: Group, outputs: Group, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(
        network.runs(inputs), network.runs(outputs), kernel, stride=stride, padding=kernel // 2, bias=False
    )


def _block_wires(place: Place) -> List[Wire]:
    wires, inputs = [Wire(f"{place.name}.select", place.sees)], place.sees
    for number, norm in enumerate(place.norms, 1):
        wires.append(Wire(f"{place.name}.conv{number}", (norm,), inputs))
        wires.append(Wire(f"{place.name}.bn{number}", (norm,)))
        inputs = (norm,)
    wires.append(Wire(f"{place.name}.spread", inputs))
    if place.shortcut is not None:
        wires.append(Wire(f"{place.name}.downsample.0", (place.shortcut,), place.sees))
        wires.append(Wire(f"{place.name}.downsample.1", (place.shortcut,)))
        wires.append(Wire(f"{place.name}.shortcut", (place.shortcut,)))
    return wires
