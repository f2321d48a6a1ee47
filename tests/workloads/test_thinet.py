"""ThiNet keeps the channels that reconstruct the next layer best, rescaled, on layers that can be cut."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError, data, draws
from workloads.draws.reconstruction import _rows, add, cuttable, discard, scale
from workloads.flops import forward_flops
from workloads.job import Draw, Job
from workloads.models import build
from workloads.pruning import fresh, pruned

CPU = torch.device("cpu")
TRAINING = Job("vgg16", "synthetic", width=0.05, limit=30, epochs=3, batch_size=15).training("train")


def _samples(seed, rows=40, channels=6):
    return np.random.RandomState(seed).normal(size=(rows, channels)) * np.arange(1, channels + 1)


def _discard_by_the_book(samples, count):
    left, gone = list(range(samples.shape[1])), []
    while len(left) > count:
        costs = [((samples[:, gone + [channel]].sum(1)) ** 2).sum() for channel in left]
        gone.append(left.pop(int(np.argmin(costs))))
    return left


@given(st.integers(0, 1000), st.integers(1, 6))
def test_discard_removes_what_adds_least_to_the_sum_of_what_is_gone(seed, count):
    samples = _samples(seed)
    assert discard(samples.T @ samples, count) == _discard_by_the_book(samples, count)


@given(st.integers(0, 1000), st.integers(1, 6))
def test_add_takes_what_explains_most_of_the_rest(seed, count):
    samples = _samples(seed)
    whole, kept = samples.sum(1), []
    for _ in range(count):
        rest = whole if not kept else whole - samples[:, kept] @ np.linalg.lstsq(samples[:, kept], whole, rcond=None)[0]
        errors = [
            np.inf if channel in kept else ((rest - (x @ rest) / (x @ x) * x) ** 2).sum()
            for channel, x in enumerate(samples.T)
        ]
        kept.append(int(np.argmin(errors)))
    assert add(samples.T @ samples, count) == sorted(kept)


def test_a_channel_that_is_always_zero_goes_first():
    samples = _samples(0)
    samples[:, 2] = 0
    assert 2 not in discard(samples.T @ samples, 5) and 2 not in add(samples.T @ samples, 5)


def test_scale_is_least_squares_on_the_sum():
    samples = _samples(3)
    expected = np.linalg.lstsq(samples[:, [1, 4]], samples.sum(1), rcond=None)[0]
    assert np.allclose(scale(samples.T @ samples, [1, 4]), expected)


@pytest.mark.parametrize("stride, padding", [(1, 1), (2, 1), (1, 0)])
def test_a_row_of_samples_sums_to_an_output_of_the_next_layer(stride, padding):
    torch.manual_seed(0)
    module = torch.nn.Conv2d(3, 4, 3, stride=stride, padding=padding, bias=False)
    images = torch.randn(2, 3, 6, 6)
    sums = _rows(module, images, np.random.RandomState(0)).sum(1)
    outputs = module(images)
    for row, image in zip(sums, [0] * 10 + [1] * 10):
        assert (outputs[image] - row).abs().min() < 1e-5


@pytest.mark.parametrize("name, count", [("vgg16", 13), ("preresnet101", 66), ("resnet18", 8), ("resnet50", 32)])
def test_only_layers_that_touch_no_residual_stream_are_cut(name, count):
    layers = list(cuttable(build(name, 10, width=0.1)))
    assert len(layers) == count
    assert [layer.norm for layer in layers] == sorted({layer.norm for layer in layers})


@pytest.mark.parametrize("selection", ["discard", "add"])
@pytest.mark.parametrize("ratio", [0.3, 0.5])
def test_a_ticket_keeps_the_same_share_of_every_layer_and_computes_what_was_rescaled(selection, ratio):
    batches = data.load("synthetic", 30).batches(CPU, augment=True)
    model = fresh(TRAINING, 10)
    ticket = draws.ticket(Draw(ratio, rule="end", by="reconstruction", variant=selection), model, TRAINING, batches)
    assert ticket.widths == [max(1, int(norm.num_features * (1 - ratio))) for norm in model.batchnorms()]
    masked = fresh(TRAINING, 10).eval()
    masked.load_state_dict({name: torch.from_numpy(values) for name, values in ticket.weights.items()})
    images = next(batches.test())[0]
    small = pruned(TRAINING, ticket, 10).eval()
    with torch.no_grad():
        assert torch.allclose(small(images), masked(images), atol=1e-5)


def test_on_a_bottleneck_the_inner_convolutions_are_cut():
    training = Job("preresnet101", "synthetic", width=0.25, limit=10).training("train")
    batches = data.load("synthetic", 10).batches(CPU, augment=True)
    draw = Draw(0.5, rule="end", by="reconstruction", variant="discard")
    ticket = draws.ticket(draw, fresh(training, 10), training, batches)
    assert ticket.widths[:3] == [4, 2, 2] and ticket.widths[-1] == 64


@pytest.mark.parametrize("ratio, published", [(0.1, 0.51), (0.3, 0.31), (0.5, 0.16), (0.7, 0.06)])
def test_a_uniform_share_has_the_published_flops(ratio, published):
    """The FLOPs that the published ThiNet totals of VGG16 on CIFAR-10 imply, in G, per image and forward pass."""
    widths = [int(channels * (1 - ratio)) for channels in build("vgg16", 10).full]
    assert round(forward_flops(build("vgg16", 10, widths=widths), (3, 32, 32)) / 1e9, 2) == published


def test_an_unknown_selection_is_refused():
    batches = data.load("synthetic", 30).batches(CPU, augment=True)
    draw = Draw(0.5, rule="end", by="reconstruction", variant="guess")
    with pytest.raises(WorkloadError, match="no selection 'guess'; there are: discard, add"):
        draws.ticket(draw, fresh(TRAINING, 10), TRAINING, batches)
