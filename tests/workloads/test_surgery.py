"""A shrunk network computes what the masked one does, and padding changes nothing and stays zero."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from workloads import WorkloadError
from workloads.flops import forward_flops
from workloads.layers import NormThenSelect
from workloads.models import build
from workloads.surgery import plan, shrink
from workloads.tickets import channel_mask

NAMES = ["vgg16", "preresnet101", "resnet18", "resnet50"]
WIDTH = 0.1  # 64 channels become 6: no multiple of 8, so padding meets its limit too


def _network(name, seed=0, width=WIDTH):
    """A network in a state that training could leave: every gamma, beta and statistic its own."""
    torch.manual_seed(seed)
    model = build(name, 10, width=width)
    for norm in model.batchnorms():
        nn.init.uniform_(norm.weight, -1, 1)
        nn.init.normal_(norm.bias, 0, 0.2)
        nn.init.normal_(norm.running_mean, 0, 0.2)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    return model.eval()


def _masked(model, mask):
    """The same network with gamma and beta of the pruned channels at zero."""
    masked = copy.deepcopy(model)
    for norm, kept in zip(masked.batchnorms(), mask):
        pruned = torch.from_numpy(~kept)
        norm.weight.data[pruned] = 0
        norm.bias.data[pruned] = 0
    return masked


def _outputs(model, seed=1):
    torch.manual_seed(seed)
    with torch.no_grad():
        return model(torch.randn(3, 3, 32, 32))


def _random_mask(model, data):
    """Any mask of the network, layers without a channel and layers without a gap included."""
    shares = data.draw(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), min_size=1, max_size=7))
    random = np.random.RandomState(data.draw(st.integers(0, 2**32 - 1)))
    sizes = [norm.num_features for norm in model.batchnorms()]
    return [random.random_sample(size) < shares[index % len(shares)] for index, size in enumerate(sizes)]


@pytest.mark.parametrize("align", [1, 8])
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_shrunk_equals_masked(name, align, data):
    model = _network(name, seed=data.draw(st.integers(0, 9)))
    mask = _random_mask(model, data)
    steps = plan(model, mask, align)
    small = shrink(model, mask, align)
    expected, found = _outputs(_masked(model, steps.mask)), _outputs(small)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert (small.widths, small.executed) == (steps.widths, steps.executed)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ratio", [0.3, 0.7])
def test_the_ticket_of_the_paper_is_smaller_and_equal(name, ratio):
    model = _network(name)
    mask = channel_mask(model.gammas(), ratio)
    small = shrink(model, mask)
    torch.testing.assert_close(_outputs(small), _outputs(_masked(model, plan(model, mask).mask)), rtol=1e-5, atol=1e-5)
    assert forward_flops(small, (3, 32, 32)) < forward_flops(model, (3, 32, 32))
    assert small.widths[: len(mask)] == [max(1, int(kept.sum())) for kept in mask]


@pytest.mark.parametrize("name", NAMES)
def test_an_emptied_layer_keeps_its_strongest_channel_and_is_named(name):
    model = _network(name)
    mask = channel_mask(model.gammas(), 0.5)
    mask[3][:] = False
    steps = plan(model, mask)
    norms = {name: module for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    expected = [name for name, kept in zip(norms, mask) if not kept.any()]
    assert list(norms)[3] in expected and steps.repaired == expected
    assert np.flatnonzero(steps.mask[3]).tolist() == [int(model.gammas()[3].abs().argmax())]
    assert all((after == before).all() for after, before in zip(steps.mask, mask) if before.any())


def test_a_network_that_the_mask_empties_altogether_still_runs():
    model = build("vgg16", 10, width=WIDTH)
    steps = plan(model, channel_mask(model.gammas(), 0.5))  # equal gammas: all of them tie
    assert steps.widths == [1] * 13 and len(steps.repaired) == 13


@pytest.mark.parametrize("name", NAMES)
def test_a_full_mask_changes_nothing(name):
    model = _network(name)
    small = shrink(model, [torch.ones(len(gamma), dtype=torch.bool) for gamma in model.gammas()], align=8)
    assert list(small.state_dict()) == list(model.state_dict())
    assert all(torch.equal(values, model.state_dict()[name]) for name, values in small.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("inherit", [True, False])
def test_the_dense_network_is_left_as_it_was(name, inherit):
    model = _network(name).train()
    before = {name: values.clone() for name, values in model.state_dict().items()}
    small = shrink(model, channel_mask(model.gammas(), 0.5), align=8, inherit=inherit)
    assert all(torch.equal(values, before[name]) for name, values in model.state_dict().items())
    assert small.training


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("align", [1, 8])
def test_build_from_the_plans_widths_takes_the_shrunk_state(name, align):
    model = _network(name)
    mask = channel_mask(model.gammas(), 0.5)
    small = shrink(model, mask, align)
    again = build(name, 10, width=WIDTH, widths=plan(model, mask, align).widths, align=align).eval()
    again.load_state_dict(small.state_dict())
    assert torch.equal(_outputs(again), _outputs(small))


@pytest.mark.parametrize("name", NAMES)
def test_without_inheritance_the_architecture_starts_afresh(name):
    model = _network(name)
    mask = channel_mask(model.gammas(), 0.5)
    inherited = shrink(model, mask)
    torch.manual_seed(7)
    fresh = shrink(model, mask, inherit=False)
    assert fresh.widths == inherited.widths
    channels = {key: values for key, values in inherited.state_dict().items() if key.endswith("channels")}
    assert all(torch.equal(fresh.state_dict()[key], values) for key, values in channels.items())
    first = build(name, 10, width=WIDTH).batchnorms()[0].weight[0].item()
    for norm, kept in zip(fresh.batchnorms(), plan(model, mask).mask):
        gammas = norm.weight[torch.from_numpy(kept)] if isinstance(norm, NormThenSelect) else norm.weight
        assert (gammas == first).all()
    convolution = next(module for module in fresh.modules() if isinstance(module, nn.Conv2d))
    assert not any(torch.equal(convolution.weight, m.weight) for m in inherited.modules() if isinstance(m, nn.Conv2d))


def _train(model, steps):
    """A few steps of the paper's optimiser with L1 on the gammas; the losses on the way."""
    torch.manual_seed(3)
    images, labels = torch.randn(16, 3, 32, 32).to(next(model.parameters()).dtype), torch.arange(16) % 10
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        for norm in model.batchnorms():
            norm.weight.grad.add_(1e-4 * torch.sign(norm.weight.detach()))
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("inherit", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_padding_is_still_zero_after_training(name, inherit):
    model = _network(name).train()
    small = shrink(model, channel_mask(model.gammas(), 0.5), align=8, inherit=inherit)
    before = [values.clone() for values in small.parameters()]
    _train(small, steps=3)
    assert small.executed != small.widths
    assert not all(torch.equal(*pair) for pair in zip(before, small.parameters()))
    trained = [values.clone() for values in small.parameters()]
    small.zero_padding()
    assert all(torch.equal(*pair) for pair in zip(trained, small.parameters()))


@pytest.mark.parametrize("name", NAMES)
def test_padded_and_unpadded_tickets_train_alike(name):
    """In double precision, because a few steps of a deep network amplify float32 rounding without bound."""
    model = _network(name).double().train()
    mask = channel_mask(model.gammas(), 0.5)
    plain, aligned = (_train(shrink(model, mask, align), steps=4) for align in (1, 8))
    np.testing.assert_allclose(aligned, plain, rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_fresh_padding_is_zero_too(name):
    dense = build(name, 10, width=0.25)
    small = build(name, 10, width=0.25, widths=[max(1, channels // 3) for channels in dense.full], align=8)
    _train(small, steps=2)
    trained = [values.clone() for values in small.parameters()]
    small.zero_padding()
    assert all(torch.equal(*pair) for pair in zip(trained, small.parameters()))


def test_masks_that_do_not_fit():
    model = _network("vgg16")
    mask = channel_mask(model.gammas(), 0.5)
    with pytest.raises(WorkloadError, match="does not fit vgg16: it has 12 layers.*the network 13"):
        shrink(model, mask[:-1])
    with pytest.raises(WorkloadError, match="width multiplier"):
        shrink(_network("vgg16", width=0.2), mask)
    with pytest.raises(WorkloadError, match="is a ticket already"):
        shrink(shrink(model, mask), mask)
