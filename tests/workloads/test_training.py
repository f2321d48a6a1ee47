"""The training loop does what its parts say, and stops in one sentence when the loss is lost."""

import copy

import pytest
import torch
from torch.nn import functional

from workloads import WorkloadError, data
from workloads.augment import Batches
from workloads.evaluation import accuracy
from workloads.job import Job
from workloads.pruning import fresh
from workloads.training import begin, epochs, learning_rate, penalise, train_epoch

CPU = torch.device("cpu")
JOB = Job("vgg16", "synthetic", width=0.05, limit=50, epochs=4, milestones=(2,), batch_size=20, lr=0.05)


def _state(training):
    return begin(fresh(training, 10), training, 0, {}, CPU)


def _batches(training):
    return Batches(data.load(training.dataset, training.limit), CPU, training.augment)


def _silent(**progress):
    pass


@pytest.mark.parametrize("epoch, lr", [(0, 0.1), (79, 0.1), (80, 0.01), (119, 0.01), (120, 0.001), (159, 0.001)])
def test_the_rate_falls_at_the_start_of_the_absolute_epoch(epoch, lr):
    assert learning_rate(Job("vgg16", "cifar10").training("train"), epoch) == pytest.approx(lr)


def test_a_step_is_sgd_with_momentum_decay_and_l1_bit_for_bit():
    training = JOB.training("search", sparsity=0.01)
    state, batches = _state(training), _batches(training)
    model = copy.deepcopy(state.model).train()
    buffers = [torch.zeros_like(parameter) for parameter in model.parameters()]
    for images, labels in batches.train(training.seed, 0, training.batch_size):
        model.zero_grad()
        functional.cross_entropy(model(images), labels).backward()
        with torch.no_grad():
            for norm in model.batchnorms():
                norm.weight.grad += 0.01 * norm.weight.sign()
            for parameter, buffer in zip(model.parameters(), buffers):
                buffer.mul_(0.9).add_(parameter.grad.add(parameter, alpha=1e-4))
                parameter.add_(buffer, alpha=-0.05)
    train_epoch(state, batches, training, _silent)
    for ours, theirs in zip(state.model.parameters(), model.parameters()):
        assert torch.equal(ours, theirs)


def test_l1_pulls_every_gamma_towards_zero_and_leaves_zeros_alone():
    norms = [torch.nn.BatchNorm2d(3), torch.nn.BatchNorm2d(2)]
    for norm, values in zip(norms, ([2.0, -3.0, 0.0], [-1.0, 1.0])):
        norm.weight.data = torch.tensor(values)
        norm.weight.grad = torch.ones_like(norm.weight)
    penalise(norms, 0.25)
    assert torch.cat([norm.weight.grad for norm in norms]).tolist() == [1.25, 0.75, 1, 0.75, 1.25]


def test_history_tells_the_mean_over_images_and_the_gammas_of_each_epoch():
    training = JOB.training("train", lr=1e-12, momentum=0.0)
    state, batches = _state(training), _batches(training)
    row = train_epoch(state, batches, training, _silent)
    losses = []
    for images, labels in batches.train(training.seed, 0, 50):
        losses = functional.cross_entropy(state.model(images), labels, reduction="none").tolist()
    assert row["loss"] == pytest.approx(sum(losses) / 50, rel=0.05)
    assert 0 <= row["train_accuracy"] <= 1 and row["lr"] == 1e-12
    assert state.epochs_done == 1 and state.history == [row]
    assert state.gammas[0].shape == (sum(state.layer_sizes),) and state.gammas[0].dtype == "float32"


def test_epochs_yields_what_is_left_until_there_is_enough():
    training = JOB.training("train")
    state = _state(training)
    seen = []
    state.epochs_done = 1
    for epoch in epochs(state, training, enough=lambda: len(seen) == 2):
        seen.append(epoch)
        state.epochs_done += 1
    assert seen == [1, 2]


def test_progress_tells_where_the_epoch_is():
    training, told = JOB.training("train"), []
    train_epoch(_state(training), _batches(training), training, lambda **progress: told.append(progress))
    assert told[-1].pop("loss") > 0
    assert told[-1] == {"epoch": 0, "epochs": 4, "step": 3, "steps": 3}


@pytest.mark.parametrize("lr", [1e4, 1e38])
def test_a_loss_that_explodes_stops_at_a_step_that_is_named(lr):
    training = JOB.training("train", lr=lr)
    with pytest.raises(WorkloadError, match=r"the loss became \S+ at step [23] of 3 in epoch 1 of 4: .*below 1"):
        train_epoch(_state(training), _batches(training), training, _silent)


def test_accuracy_is_the_share_of_test_images_that_are_right():
    training = JOB.training("train")
    state, batches = _state(training), _batches(training)
    with torch.no_grad():
        state.model.classifier.weight.zero_()
        state.model.classifier.bias.copy_(torch.arange(10) == 3)
    assert accuracy(state.model, batches.test()).top1 == 0.1


def test_top_5_counts_images_whose_class_is_among_the_five_highest_scores():
    model = torch.nn.Linear(7, 7)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(-torch.arange(7.0))  # class c ranks c-th, whatever the image
    batches = [(torch.ones(4, 7), torch.tensor([0, 1, 2, 3])), (torch.ones(3, 7), torch.tensor([4, 5, 6]))]
    assert accuracy(model, batches) == (1 / 7, 5 / 7)


@pytest.mark.parametrize("classes, told", [(5, False), (6, True)])
def test_with_five_classes_no_guess_of_five_can_miss(classes, told):
    model = torch.nn.Linear(2, classes)
    assert (accuracy(model, [(torch.ones(3, 2), torch.zeros(3, dtype=torch.int64))]).top5 is not None) is told


def test_scores_that_are_not_numbers_are_no_accuracy():
    training = JOB.training("train")
    state = _state(training)
    torch.nn.init.constant_(state.model.classifier.bias, float("nan"))
    with pytest.raises(WorkloadError, match="are not numbers: the training has diverged"):
        accuracy(state.model, _batches(training).test())
