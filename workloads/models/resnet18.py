"""ResNet18 for ImageNet, in torchvision's layout."""

from workloads.resnet import ResNet


class Network(ResNet):
    """Eight blocks of two 3x3 convolutions."""

    blocks = (2, 2, 2, 2)
    kernels = (3, 3)
    expansion = 1
