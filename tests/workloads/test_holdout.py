"""Images held out for validation are not trained on, come from every class, and choose an epoch that is named."""

import numpy as np
import torch

from workloads import data
from workloads.job import Job
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("vgg16", "synthetic", width=0.03, limit=40, epochs=2, milestones=(1,), batch_size=10, holdout=0.25)


def test_the_last_images_of_each_class_are_held_out_and_nothing_is_lost():
    whole = data.load("synthetic", 40)
    split = whole.held_out(0.25)
    assert np.bincount(split.validation_labels).tolist() == [1] * 10
    assert np.array_equal(split.validation_images, whole.train_images[30:])
    assert np.array_equal(split.train_images, whole.train_images[:30])
    assert np.array_equal(split.test_images, whole.test_images)


def test_a_class_too_small_for_the_share_still_has_one_held_out():
    assert data.for_training(np.array([0, 0, 1, 1, 1]), 0.01).tolist() == [True, False, True, True, False]


def test_validation_images_come_in_order():
    batches = data.load("synthetic", 40).held_out(0.25).batches(torch.device("cpu"), augment=True)
    labels = torch.cat([labels for _, labels in batches.validation(batch_size=4)])
    assert labels.tolist() == list(range(10)) and batches.count == 30


def test_without_a_share_nothing_is_held_out():
    assert data.load("synthetic", 40).batches(torch.device("cpu"), augment=True).validation() is None


def test_the_result_names_the_accuracies_apart():
    result = execute(JOB.training("train"), store=MemoryStore(), sources={})
    assert result["images"] == 30
    assert {"accuracy_final", "accuracy_best", "validation_best", "accuracy_at_validation_best"} <= set(result)
