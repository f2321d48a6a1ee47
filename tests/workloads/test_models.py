"""Every network has the published shape, can be rebuilt from its widths, and refuses what it cannot be."""

import json

import pytest
import torch
from torch import nn

from workloads import WorkloadError
from workloads.models import build

NAMES = ["vgg16", "preresnet101", "resnet18", "resnet50"]


@pytest.mark.parametrize(
    "name, classes, parameters, norms, gammas",
    [
        ("vgg16", 10, 14724042, 13, 4224),
        ("preresnet101", 10, 1054106, 100, 7408),
        ("resnet18", 1000, 11689512, 20, 4800),
        ("resnet50", 1000, 25557032, 53, 26560),
    ],
)
def test_published_sizes(name, classes, parameters, norms, gammas):
    model = build(name, classes)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    assert len(model.gammas()) == norms
    assert sum(len(gamma) for gamma in model.gammas()) == gammas


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_resnets_take_torchvision_weights_and_give_torchvision_outputs(name):
    try:
        from torchvision import models
    except (ImportError, RuntimeError):  # RuntimeError: built for another torch
        pytest.skip("no torchvision that works with this torch")
    torch.manual_seed(0)
    theirs, ours = getattr(models, name)(num_classes=7).eval(), build(name, 7).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, gamma", [("vgg16", 0.5), ("preresnet101", 0.5), ("resnet18", 1), ("resnet50", 1)])
def test_initial_weights(name, gamma):
    torch.manual_seed(0)
    model = build(name, 10)
    assert all((scale == gamma).all() for scale in model.gammas())
    convolution = max((m for m in model.modules() if isinstance(m, nn.Conv2d)), key=lambda m: m.weight.numel())
    fan_out = convolution.out_channels * convolution.kernel_size[0] ** 2
    assert convolution.bias is None
    assert abs(convolution.weight.std().item() / (2 / fan_out) ** 0.5 - 1) < 0.01


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("align", [1, 8])
def test_widths_survive_json_and_build_the_same_shape(name, align):
    dense = build(name, 10, width=0.25)
    widths = [max(1, channels // 3) for channels in dense.full]
    model = build(name, 10, width=0.25, widths=widths, align=align)
    again = build(name, 10, width=0.25, widths=json.loads(json.dumps(model.widths)), align=align)
    again.load_state_dict(model.state_dict())
    assert model.widths == widths
    assert all(run % align == 0 or run == full for run, full in zip(model.executed, model.full))
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_widths_of_the_batchnorm_layers_alone_leave_the_stream_whole(name):
    dense = build(name, 10, width=0.25)
    norms = len(dense.batchnorms())
    model = build(name, 10, width=0.25, widths=[max(1, channels // 2) for channels in dense.full[:norms]])
    assert model.widths[norms:] == dense.full[norms:]


@pytest.mark.parametrize("name", NAMES)
def test_gammas_follow_the_batchnorm_layers(name):
    model = build(name, 10, width=0.1)
    for index, norm in enumerate(model.batchnorms()):
        nn.init.constant_(norm.weight, index)
    assert [gamma[0].item() for gamma in model.gammas()] == list(range(len(model.batchnorms())))
    assert model.name == name


@pytest.mark.parametrize(
    "name, options, sentence",
    [
        ("vgg61", {}, "did you mean vgg16.*preresnet101, resnet18"),
        ("vgg16", {"num_classes": 0}, "num_classes 0"),
        ("vgg16", {"width": 0}, "leaves no channels"),
        ("vgg16", {"align": 0}, "align 0"),
        ("vgg16", {"widths": [1, 2]}, "2 widths do not fit.*13 BatchNorm"),
        ("vgg16", {"widths": [0] * 13}, "width 0 of layer 0"),
        ("vgg16", {"widths": [64] * 12 + [513]}, "width 513 of layer 12.*1 to 512"),
    ],
)
def test_networks_that_cannot_be_built(name, options, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        build(name, **dict({"num_classes": 10}, **options))
