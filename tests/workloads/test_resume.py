"""An interrupted training goes on from the newest checkpoint that is whole, and says so where that is not the last."""

import pytest

from tests.workloads.interrupted import same
from workloads import WorkloadError, data
from workloads.data import synthetic
from workloads.job import Job
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("vgg16", "synthetic", width=0.03, limit=20, epochs=3, milestones=(), batch_size=10, lr=0.05)
TRAINING = JOB.training("train")


class Stops(Exception):
    pass


def _interrupted(epochs):
    """The store of a training that ended after so many epochs."""
    store = MemoryStore()

    def report(**progress):
        if progress["epoch"] == epochs:
            raise Stops

    with pytest.raises(Stops):
        execute(TRAINING, store=store, sources={}, report=report)
    assert store.epochs_done == epochs
    return store


def _resume(store, training=TRAINING):
    told = []
    result = execute(training, store=store, sources={}, report=lambda **progress: told.append(progress))
    return result, [progress["warning"] for progress in told if "warning" in progress]


@pytest.fixture(scope="module")
def whole():
    store = MemoryStore()
    return execute(TRAINING, store=store, sources={}), store


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"not a checkpoint"])
def test_a_damaged_checkpoint_is_refused_and_the_one_before_it_used(damage, whole):
    result, finished = whole
    store = _interrupted(2)
    store.files["checkpoint"] = damage(store.files["checkpoint"])
    again, warnings = _resume(store)
    assert again == result and same(store, finished)
    assert len(warnings) == 1
    assert warnings[0].startswith("the last checkpoint is truncated or damaged (")
    assert warnings[0].endswith("is not used: the training goes on from the one before it, after epoch 1")


def test_a_bit_that_has_flipped_is_noticed():
    store = _interrupted(2)
    raw = bytearray(store.files["checkpoint"])
    raw[len(raw) // 2] ^= 1
    store.files["checkpoint"] = bytes(raw)
    assert "damaged" in _resume(store)[1][0]


def test_a_checkpoint_lost_between_two_renames_is_no_loss(whole):
    store = _interrupted(2)
    store.previous = store.files.pop("checkpoint")
    assert _resume(store) == (whole[0], []) and same(store, whole[1])


def test_where_none_is_whole_the_last_one_is_named():
    store = _interrupted(2)
    store.files["checkpoint"], store.previous = store.files["checkpoint"][:-100], b""
    with pytest.raises(WorkloadError, match="the checkpoint is truncated or damaged .*: delete it to start"):
        _resume(store)


def test_data_that_now_has_other_classes_is_refused(monkeypatch):
    store = _interrupted(1)
    monkeypatch.setattr(synthetic, "CLASSES", 7)
    with pytest.raises(WorkloadError, match="begun with 10 classes, and synthetic has 7 now"):
        _resume(store)


def test_labels_outside_the_classes_are_refused(monkeypatch):
    fewer = synthetic.load(20)._replace(classes=9)
    monkeypatch.setattr(synthetic, "load", lambda limit, data_dir: fewer)
    with pytest.raises(WorkloadError, match="labels up to 9 do not fit the 9 classes of synthetic"):
        data.load("synthetic", 20)


def test_a_loss_that_explodes_later_leaves_the_last_good_checkpoint():
    training = JOB.training("train", milestones=(1,), decay=1e8)
    store = MemoryStore()
    with pytest.raises(WorkloadError, match="at step [12] of 2 in epoch 2 of 3: .*its last checkpoint is kept"):
        execute(training, store=store, sources={})
    assert store.epochs_done == 1 and store.checkpoint() is not None
