"""Two convolutions and a classifier: all that training, pruning and resuming need of a network."""

from torch import nn

from workloads.network import TicketNetwork, Wire, initialise

FULL = [6, 8]


class Network(TicketNetwork):
    """[N, 3, H, W] -> [N, num_classes]."""

    def __init__(self, num_classes, width=1.0, widths=None, align=1):
        super().__init__(num_classes, width, widths, align, [(0,), (1,)], FULL)
        first, second = self.executed
        self.conv1 = nn.Conv2d(3, first, kernel_size=3, stride=4, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.conv2 = nn.Conv2d(first, second, kernel_size=3, stride=2, bias=False)
        self.bn2 = nn.BatchNorm2d(second)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(second, num_classes)
        initialise(self, gamma=0.5)

    def forward(self, images):
        features = self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(images))))))
        return self.fc(features.mean((2, 3)))

    def wiring(self):
        """One layer's outputs are the next one's inputs."""
        return [
            Wire("conv1", (0,)),
            Wire("bn1", (0,)),
            Wire("conv2", (1,), (0,)),
            Wire("bn2", (1,)),
            Wire("fc", None, (1,)),
        ]
