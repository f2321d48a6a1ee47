"""PreResNet-101 for 32x32 images: 33 pre-activation bottlenecks on a residual stream that no ticket narrows.

A ticket selects, after each block's first BatchNorm, the channels of the stream that the block looks at.
"""

from typing import List, Optional, Sequence

from torch import Tensor, nn
from torch.nn import functional

from workloads.layers import NormThenSelect, Shortcut
from workloads.network import TicketNetwork, Wire, initialise, scaled

PLANES = (16, 32, 64)
BLOCKS = 11
EXPANSION = 4


class Network(TicketNetwork):
    """[N, 3, 32, 32] -> [N, num_classes]; each block's three BatchNorm layers and the last one can be pruned."""

    def __init__(
        self, num_classes: int, width: float = 1.0, widths: Optional[Sequence[int]] = None, align: int = 1
    ) -> None:
        planes = [scaled(channels, width) for channels in PLANES]
        full = _dense_widths(planes)
        super().__init__(num_classes, width, widths, align, [(index,) for index in range(len(full))], full)
        self.conv1 = nn.Conv2d(3, planes[0], kernel_size=3, padding=1, bias=False)
        blocks: List[nn.Module] = []
        for index in range(len(PLANES) * BLOCKS):
            first = 3 * index
            stage, place = divmod(index, BLOCKS)
            stride = 2 if stage and not place else 1
            leaving = planes[stage] * EXPANSION
            widths = self.executed[first : first + 3]
            blocks.append(Bottleneck(full[first], self.widths[first], widths, leaving, stride, not place))
        self.blocks = nn.Sequential(*blocks)
        self.bn = NormThenSelect(full[-1], self.widths[-1], self.executed[-1])
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(self.executed[-1], num_classes)
        initialise(self, gamma=0.5)

    def forward(self, images: Tensor) -> Tensor:
        features = self.relu(self.bn(self.blocks(self.conv1(images))))
        return self.fc(functional.adaptive_avg_pool2d(features, 1).flatten(1))

    def wiring(self) -> List[Wire]:
        """The stream's channels are chosen by the BatchNorm that reads them; what is added to it stays whole."""
        wires = []
        for index in range(len(self.blocks)):
            block, first, second, third = f"blocks.{index}", (3 * index,), (3 * index + 1,), (3 * index + 2,)
            wires += [
                Wire(f"{block}.bn1", first),
                Wire(f"{block}.conv1", second, first),
                Wire(f"{block}.bn2", second),
                Wire(f"{block}.conv2", third, second),
                Wire(f"{block}.bn3", third),
                Wire(f"{block}.conv3", None, third),
            ]
        last = (len(self.groups) - 1,)
        return wires + [Wire("bn", last), Wire("fc", None, last)]


class Bottleneck(nn.Module):
    """BatchNorm, ReLU and convolution three times (1x1, 3x3, 1x1), added to the stream.

    kept: channels of the stream that the ticket looks at; widths: the inputs of the three convolutions.
    """

    def __init__(self, entering: int, kept: int, widths: Sequence[int], leaving: int, stride: int, first: bool) -> None:
        super().__init__()
        selected, inner, outer = widths
        self.bn1 = NormThenSelect(entering, kept, selected)
        self.conv1 = nn.Conv2d(selected, inner, kernel_size=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, outer, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outer)
        self.conv3 = nn.Conv2d(outer, leaving, kernel_size=1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = Shortcut(entering, leaving, stride) if first else None

    def forward(self, stream: Tensor) -> Tensor:
        branch = self.conv1(self.relu(self.bn1(stream)))
        branch = self.conv2(self.relu(self.bn2(branch)))
        branch = self.conv3(self.relu(self.bn3(branch)))
        return branch + (stream if self.downsample is None else self.downsample(stream))


def _dense_widths(planes: Sequence[int]) -> List[int]:
    """Channels of every BatchNorm layer: the stream's, then the block's own twice; the stream's once more."""
    widths, stream = [], planes[0]
    for channels in planes:
        for _ in range(BLOCKS):
            widths += [stream, channels, channels]
            stream = channels * EXPANSION
    return widths + [stream]
