"""VGG16 for 32x32 images: 13 convolutions with BatchNorm, no fifth max-pool, one linear layer."""

from typing import List, Optional, Sequence

from torch import Tensor, nn

from workloads.network import TicketNetwork, Wire, initialise, scaled

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class Network(TicketNetwork):
    """[N, 3, 32, 32] -> [N, num_classes]; every BatchNorm layer's channels can be pruned."""

    def __init__(
        self, num_classes: int, width: float = 1.0, widths: Optional[Sequence[int]] = None, align: int = 1
    ) -> None:
        full = [scaled(channels, width) for stage in STAGES for channels in stage]
        super().__init__(num_classes, width, widths, align, [(index,) for index in range(len(full))], full)
        remaining = iter(self.executed)
        layers: List[nn.Module] = []
        inputs = 3
        for stage in STAGES:
            for _ in stage:
                outputs = next(remaining)
                convolution = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
                layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        layers[-1] = nn.AdaptiveAvgPool2d(1)
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, num_classes)
        initialise(self, gamma=0.5)
        nn.init.normal_(self.classifier.weight, 0, 0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images).flatten(1))

    def wiring(self) -> List[Wire]:
        """Each convolution's outputs are its own BatchNorm's channels, its inputs the previous one's."""
        names = [name for name, module in self.named_modules() if isinstance(module, nn.Conv2d)]
        norms = [name for name, module in self.named_modules() if isinstance(module, nn.BatchNorm2d)]
        wires = []
        for index, (convolution, norm) in enumerate(zip(names, norms)):
            wires.append(Wire(convolution, (index,), (index - 1,) if index else None))
            wires.append(Wire(norm, (index,)))
        return wires + [Wire("classifier", None, (len(norms) - 1,))]
