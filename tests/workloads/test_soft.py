"""Soft pruning zeroes the weakest filters after every epoch, lets them grow, and cuts them at the end."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from workloads import data, draws
from workloads.draws.filters import levelled
from workloads.job import Draw, Job
from workloads.models import build
from workloads.pruning import fresh
from workloads.soft import softened, strong_filters, zero_filters
from workloads.training import begin, train_epoch

CPU = torch.device("cpu")
TRAINING = Job("vgg16", "synthetic", width=0.1, limit=30, epochs=3, batch_size=15).training("train", soft=0.5)


@pytest.mark.parametrize("count, ratio, zeroed", [(64, 0.3, 19), (10, 0.5, 5), (3, 0.3, 0)])
def test_the_share_is_rounded_down_and_takes_the_smallest_norms(count, ratio, zeroed):
    weight = torch.randn(count, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    kept = strong_filters(weight, ratio)
    norms = weight.flatten(1).norm(dim=1)
    assert int((~kept).sum()) == zeroed
    assert zeroed == 0 or norms[~kept].max() < norms[kept].min()


def test_every_convolution_but_those_of_shortcuts_is_softened():
    assert len(list(softened(build("vgg16", 10, width=0.1)))) == 13
    assert len(list(softened(build("resnet18", 10, width=0.1)))) == 17


def test_batchnorm_and_classifier_stay_as_they_are():
    model = build("vgg16", 10, width=0.1)
    before = {name: values.clone() for name, values in model.state_dict().items()}
    zero_filters(model, 0.5)
    convolutions = {f"{name}.weight" for name, _ in softened(model)}
    changed = {name for name, values in model.state_dict().items() if not torch.equal(values, before[name])}
    assert changed == convolutions


def _zeros(model):
    return [int((module.weight.flatten(1).abs().amax(1) == 0).sum()) for _, module in softened(model)]


def test_filters_are_zero_after_each_epoch_and_grow_in_between():
    state = begin(fresh(TRAINING, 10), TRAINING, 0, {}, CPU)
    assert not any(_zeros(state.model))
    batches = data.load("synthetic", 30).batches(CPU, augment=True)
    train_epoch(state, batches, TRAINING, lambda **progress: None)
    assert _zeros(state.model) == [len(module.weight) // 2 for _, module in softened(state.model)]
    train_epoch(state, batches, replace(TRAINING, soft=0.0), lambda **progress: None)
    assert not any(_zeros(state.model))


def test_the_ticket_is_the_filters_that_are_left():
    model = fresh(TRAINING, 10)
    zero_filters(model, 0.5)
    ticket = draws.ticket(Draw(0.5, rule="end", by="filters"), model, TRAINING, None)
    for kept, (_, module) in zip(ticket.mask, softened(model)):
        assert np.array_equal(kept, module.weight.detach().flatten(1).abs().amax(1).numpy() > 0)
    assert ticket.widths == [int(kept.sum()) for kept in ticket.mask]


def test_a_residual_stream_is_not_cut():
    training = Job("preresnet101", "synthetic", width=0.25).training("train", soft=0.5)
    ticket = draws.ticket(Draw(0.5, rule="end", by="filters"), fresh(training, 10), training, None)
    assert ticket.widths[:3] == [4, 2, 2] and ticket.widths[-1] == 64


@pytest.mark.parametrize("name", ["vgg16", "preresnet101", "resnet18"])
def test_levelled_filters_are_as_long_as_new_ones_and_compute_the_same(name):
    model, random = build(name, 10, width=0.2).double(), torch.Generator().manual_seed(0)
    zero_filters(model, 0.3)
    images = torch.randn(8, 3, 32, 32, generator=random, dtype=torch.float64)
    with torch.no_grad():
        for _, module in softened(model):
            module.weight *= 1 + 40 * torch.rand(len(module.weight), 1, 1, 1, generator=random, dtype=torch.float64)
        for norm in model.batchnorms():
            norm.momentum, norm.eps = None, 1e-12  # what is added to a variance does not scale with it
        model(images)
        model.eval()
        level = levelled(model)
        torch.testing.assert_close(level(images), model(images))
    wires = {wire.module: wire.outputs for wire in model.wiring()}
    for wire, module in softened(level):
        lengths = module.weight.detach().flatten(1).norm(dim=1)
        if wires.get(wire) is not None:
            usual = (2 * module.weight.shape[1] / len(lengths)) ** 0.5
            torch.testing.assert_close(lengths[lengths > 0], torch.full_like(lengths[lengths > 0], usual))
