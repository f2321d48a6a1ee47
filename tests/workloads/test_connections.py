"""Unstructured tickets prune what their rule says, and pruned weights stay zero through training and resuming."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from workloads import WorkloadError, checkpoint, data, draws, ticket_file
from workloads.connections import Hold, cut, share_kept, strongest
from workloads.job import Draw, Job
from workloads.pruning import connect, fresh
from workloads.training import begin, train_epoch

CPU = torch.device("cpu")
TRAINING = Job("vgg16", "synthetic", width=0.05, limit=30, epochs=3, batch_size=15).training("train")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_the_weights_above_one_threshold_are_kept(values, ratio):
    scores = {"a": torch.tensor(values[:7], dtype=torch.float32), "b": torch.tensor(values[7:], dtype=torch.float32)}
    kept = strongest(scores, ratio)
    threshold = sorted(values)[int(len(values) * ratio)]
    assert torch.cat([kept["a"], kept["b"]]).tolist() == [value > threshold for value in values]


def test_the_threshold_is_one_for_all_layers():
    kept = strongest({"small": torch.tensor([1.0, 2.0]), "large": torch.tensor([5.0, 6.0, 7.0])}, 0.4)
    assert kept["small"].tolist() == [False, False] and kept["large"].tolist() == [False, True, True]
    assert share_kept(kept) == 0.4


def test_held_weights_get_no_gradient_and_others_keep_theirs():
    layer = torch.nn.Linear(2, 1)
    kept = {"weight": torch.tensor([[True, False]])}
    cut(layer, kept)
    layer(torch.ones(1, 2)).sum().backward()
    Hold(layer, kept)()
    assert layer.weight.grad.tolist() == [[1.0, 0.0]] and layer.bias.grad.tolist() == [1.0]
    assert layer.weight[0, 1] == 0


@pytest.fixture(scope="module")
def batches():
    return data.load("synthetic", 30).batches(CPU, augment=True)


def _state(ticket):
    state = begin(fresh(TRAINING, 10), TRAINING, 0, {}, CPU)
    state.model.load_state_dict({name: torch.from_numpy(values) for name, values in ticket.weights.items()})
    connect(state, ticket)
    return state


def _ticket(by, batches, model=None, **options):
    model = fresh(TRAINING, 10) if model is None else model
    return draws.ticket(Draw(0.6, rule="end", by=by, **options), model, TRAINING, batches)


@pytest.mark.parametrize("by", ["magnitude", "sensitivity"])
def test_pruned_weights_stay_zero_through_training_and_a_checkpoint(by, batches):
    state = _state(_ticket(by, batches))
    train_epoch(state, batches, TRAINING, lambda **progress: None)
    file = io.BytesIO()
    checkpoint.write(file, state)
    file.seek(0)
    state = checkpoint.read(file, TRAINING, CPU)
    train_epoch(state, batches, TRAINING, lambda **progress: None)
    parameters = dict(state.model.named_parameters())
    for name, kept in state.connections.items():
        assert torch.all(parameters[name][~kept] == 0)
        assert torch.count_nonzero(parameters[name]) == int(kept.sum())


def test_a_lottery_ticket_is_the_largest_trained_weights_of_convolutions_at_their_initial_values(batches):
    initial, trained = fresh(TRAINING, 10), fresh(TRAINING, 10)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.mul_(-3).add_(0.01 * torch.randn_like(parameter))
    ticket = _ticket("magnitude", batches, trained)
    names = [f"{name}.weight" for name, module in trained.named_modules() if isinstance(module, torch.nn.Conv2d)]
    assert sorted(ticket.connections) == sorted(names)
    values = np.sort(
        np.concatenate([dict(trained.named_parameters())[name].detach().abs().numpy().ravel() for name in names])
    )
    threshold = values[int(0.6 * len(values))]
    for name in names:
        kept = dict(trained.named_parameters())[name].detach().abs().numpy() > threshold
        assert np.array_equal(ticket.connections[name], kept)
        assert np.array_equal(ticket.weights[name], dict(initial.named_parameters())[name].detach().numpy() * kept)
    assert np.array_equal(ticket.weights["classifier.weight"], initial.classifier.weight.detach().numpy())


def test_snip_keeps_the_weights_whose_scale_matters_to_the_loss_of_the_first_batch(batches):
    model = fresh(TRAINING, 10).train()
    images, labels = next(batches.train(TRAINING.seed, 0, TRAINING.batch_size))
    functional.cross_entropy(model(images), labels).backward()
    ticket = _ticket("sensitivity", batches)
    assert "classifier.weight" in ticket.connections and not any("bias" in name for name in ticket.connections)
    scores = {
        name: (parameter * parameter.grad).abs().detach().numpy()
        for name, parameter in model.named_parameters()
        if name in ticket.connections
    }
    threshold = np.sort(np.concatenate([values.ravel() for values in scores.values()]))
    threshold = threshold[int(0.6 * len(threshold))]
    for name, values in scores.items():
        assert np.array_equal(ticket.connections[name], values > threshold)


def test_snip_scores_a_copy_initialised_anew_where_asked_for_and_trains_the_initial_weights(batches):
    own, other = _ticket("sensitivity", batches), _ticket("sensitivity", batches, variant="xavier")
    assert any(not np.array_equal(own.connections[name], other.connections[name]) for name in own.connections)
    initial = dict(fresh(TRAINING, 10).named_parameters())
    for name, kept in other.connections.items():
        assert np.array_equal(other.weights[name], initial[name].detach().numpy() * kept)


def test_an_unknown_scoring_is_refused(batches):
    with pytest.raises(WorkloadError, match="no scoring 'he'; there are: '' .* and 'xavier'"):
        _ticket("sensitivity", batches, variant="he")


def test_an_unknown_way_to_draw_is_named_with_the_others(batches):
    with pytest.raises(WorkloadError, match="no way to draw 'magnitud' .did you mean magnitude"):
        _ticket("magnitud", batches)


def test_connections_travel_in_a_ticket_file(batches):
    ticket, file = _ticket("magnitude", batches), io.BytesIO()
    ticket_file.write(file, ticket)
    again = ticket_file.read(file)
    assert all(np.array_equal(again.connections[name], kept) for name, kept in ticket.connections.items())
    assert again.connections.keys() == ticket.connections.keys()
