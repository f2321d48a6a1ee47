"""Layers of residual networks compute what torch's own do, in either memory format."""

import pytest
import torch
from torch.nn import functional

from workloads.layers import Shortcut


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("entering, stride, size", [(3, 2, 56), (8, 2, 57), (20, 2, 28), (5, 1, 9)])
def test_a_shortcut_is_a_pointwise_convolution_and_its_gradient(entering, stride, size, memory_format):
    torch.manual_seed(0)
    stream = torch.randn(4, entering, size, size).contiguous(memory_format=memory_format).requires_grad_()
    layer = Shortcut(entering, 6, stride).to(memory_format=memory_format)
    left = layer(stream)
    weights = torch.randn(left.shape)
    (left * weights).sum().backward()
    exact, weight = (values.detach().double().contiguous().requires_grad_() for values in (stream, layer.weight))
    expected = functional.conv2d(exact, weight, stride=stride)
    (expected * weights).sum().backward()
    for ours, theirs in ((left, expected), (stream.grad, exact.grad), (layer.weight.grad, weight.grad)):
        assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()
