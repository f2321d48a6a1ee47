"""ResNet50 for ImageNet, in torchvision's layout: a block strides at its 3x3 convolution."""

from workloads.resnet import ResNet


class Network(ResNet):
    """Sixteen bottlenecks: 1x1, 3x3 and 1x1 convolutions, four times as many channels outside as inside."""

    blocks = (3, 4, 6, 3)
    kernels = (1, 3, 1)
    expansion = 4
