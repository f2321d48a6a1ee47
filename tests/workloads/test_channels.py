"""Channels and pixels taken out and put back are torch's own to the last bit, in the memory format they came in."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workloads.channels import EveryOther, Put, Take

FORMATS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize("memory_format", FORMATS)
@given(full=st.integers(2, 9), seed=st.integers(0, 999))
def test_taking_is_index_select_and_its_gradient(memory_format, full, seed):
    torch.manual_seed(seed)
    values = torch.randn(2, full, 3, 4).contiguous(memory_format=memory_format)
    channels = torch.randperm(full)[: 1 + seed % full]
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    taken, expected = Take.apply(ours, channels), theirs.index_select(1, channels)
    weights = torch.randn(expected.shape)
    (taken * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(taken, expected) and torch.equal(ours.grad, theirs.grad)


@pytest.mark.parametrize("memory_format", FORMATS)
@given(full=st.integers(2, 9), seed=st.integers(0, 999))
def test_putting_is_index_add_onto_zeros_and_its_gradient(memory_format, full, seed):
    torch.manual_seed(seed)
    channels = torch.randperm(full)[: 1 + seed % full]
    values = torch.randn(2, len(channels), 3, 4).contiguous(memory_format=memory_format)
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    put = Put.apply(ours, channels, full)
    expected = torch.zeros(2, full, 3, 4).index_add(1, channels, theirs)
    weights = torch.randn(expected.shape)
    (put * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(put, expected) and torch.equal(ours.grad, theirs.grad)


@pytest.mark.parametrize("memory_format", FORMATS)
def test_the_memory_format_stays(memory_format):
    values = torch.randn(2, 6, 3, 4).contiguous(memory_format=memory_format).requires_grad_()
    channels = torch.tensor([4, 0, 1])
    formats = []
    taken = Take.apply(values, channels)
    taken.register_hook(lambda gradient: formats.append(gradient.is_contiguous(memory_format=memory_format)))
    put = Put.apply(taken, channels, 6)
    put.backward(torch.ones_like(put))
    assert all(part.is_contiguous(memory_format=memory_format) for part in (taken, put, values.grad))
    assert formats == [True]


@pytest.mark.parametrize("memory_format", FORMATS)
@given(height=st.integers(4, 7), width=st.integers(4, 7), down=st.integers(1, 3), right=st.integers(1, 3))
def test_every_other_pixel_is_a_slice_and_its_gradient_keeps_the_format(memory_format, height, width, down, right):
    values = torch.randn(2, 3, height, width).contiguous(memory_format=memory_format)
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    formats, inner = [], ours * 1
    inner.register_hook(lambda gradient: formats.append(gradient.is_contiguous(memory_format=memory_format)))
    picked, expected = EveryOther.apply(inner, down, right), theirs[:, :, ::down, ::right]
    weights = torch.randn(expected.shape).contiguous(memory_format=memory_format)
    (picked * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(picked, expected) and torch.equal(ours.grad, theirs.grad)
    assert formats == [True]
