"""FLOPs hit the published counts to the integer, agree with other counters, and leave the network as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from workloads import WorkloadError
from workloads.flops import forward_flops
from workloads.models import build
from workloads.surgery import shrink
from workloads.tickets import channel_mask

CIFAR, IMAGENET = (3, 32, 32), (3, 224, 224)
SMALL = [("vgg16", CIFAR), ("preresnet101", CIFAR), ("resnet18", (3, 64, 64)), ("resnet50", (3, 64, 64))]


@pytest.mark.parametrize(
    "name, classes, shape, flops",
    [
        ("vgg16", 10, CIFAR, 627355658),
        ("vgg16", 100, CIFAR, 627447908),
        ("preresnet101", 10, CIFAR, 313959434),
        ("preresnet101", 100, CIFAR, 314005604),
        ("resnet18", 1000, IMAGENET, 3637229544),
        ("resnet50", 1000, IMAGENET, 8212012520),
    ],
)
def test_paper_convention_is_exact(name, classes, shape, flops):
    assert forward_flops(build(name, classes), shape) == flops


def _ticket(name):
    """A pruned network, whose selections no counter may count."""
    torch.manual_seed(0)
    model = build(name, 10, width=0.25)
    for norm in model.batchnorms():
        nn.init.uniform_(norm.weight)
    return shrink(model, channel_mask(model.gammas(), 0.4))


@pytest.mark.parametrize("name, shape", SMALL)
@pytest.mark.parametrize("make", [lambda name: build(name, 10), _ticket], ids=["dense", "ticket"])
def test_mac2_equals_torch_flop_counter(name, shape, make):
    counter = pytest.importorskip("torch.utils.flop_counter", reason="this torch has no FlopCounterMode")
    model = make(name).eval()
    with counter.FlopCounterMode(display=False) as counted, torch.no_grad():
        model(torch.zeros((1,) + shape))
    assert forward_flops(model, shape, "mac2") == counted.get_total_flops()


@pytest.mark.parametrize("name, shape", SMALL)
@pytest.mark.parametrize("make", [lambda name: build(name, 10), _ticket], ids=["dense", "ticket"])
def test_mac2_is_twice_what_fvcore_counts_for_conv_and_linear(name, shape, make):
    fvcore = pytest.importorskip("fvcore.nn", reason="fvcore is not installed")
    model = make(name).eval()
    by_operator = fvcore.FlopCountAnalysis(model, torch.zeros((1,) + shape)).unsupported_ops_warnings(False)
    by_operator = by_operator.uncalled_modules_warnings(False).by_operator()
    assert forward_flops(model, shape, "mac2") == 2 * int(by_operator["conv"] + by_operator["linear"])


def test_every_counted_term_by_hand():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, groups=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 1, groups=2, bias=False),
        nn.AvgPool2d((2, 1)),
        nn.Flatten(),
        nn.Linear(32, 5),
    )
    convolution = 8 * 8 * 4 * (2 * 27 + 1)
    norm, relu, maxpool = 8 * 8 * 4 * 2, 8 * 8 * 4, 4 * 4 * 4 * 4
    grouped, avgpool, linear = 4 * 4 * 4 * 2 * 2, 2 * 4 * 4 * 2, 5 * (2 * 32 + 1)
    assert forward_flops(model, (3, 8, 8)) == convolution + norm + relu + maxpool + grouped + avgpool + linear
    assert forward_flops(model, (3, 8, 8), "mac2") == 8 * 8 * 4 * 54 + grouped + 5 * 64


def test_nothing_about_the_network_changes():
    model = build("vgg16", 10, width=0.1)
    model.features[3].eval()
    modes = [module.training for module in model.modules()]
    before = {name: values.clone() for name, values in model.state_dict().items()}
    forward_flops(model, CIFAR)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(values, before[name]) for name, values in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("ratio, billions", [(0.1, 0.51), (0.3, 0.31), (0.5, 0.16), (0.7, 0.06)])
def test_a_uniform_keep_of_vgg16_costs_what_the_published_thinet_rows_say(ratio, billions):
    widths = [int(channels * (1 - ratio)) for channels in build("vgg16", 10).full]
    assert np.round(forward_flops(build("vgg16", 10, widths=widths), CIFAR) / 1e9, 2) == billions


def test_unknown_convention():
    with pytest.raises(WorkloadError, match="paper, mac2"):
        forward_flops(build("vgg16", 10, width=0.1), CIFAR, "macs")
