"""A checkpoint gives back the whole state, from any torch, and a file that is not whole or not ours is refused."""

import errno
import io
import os
import pickle
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from workloads import WorkloadError, checkpoint, data
from workloads.augment import Batches
from workloads.checkpoint import TensorsOnly
from workloads.job import Job
from workloads.pruning import fresh
from workloads.surgery import shrink
from workloads.tickets import channel_mask
from workloads.training import begin, train_epoch

CPU = torch.device("cpu")
TRAINING = Job("vgg16", "synthetic", width=0.05, limit=30, epochs=3, batch_size=15).training("train", sparsity=1e-4)


@pytest.fixture(scope="module")
def batches():
    return Batches(data.load("synthetic", TRAINING.limit), CPU)


@pytest.fixture
def trained(batches):
    state = begin(fresh(TRAINING, 10), TRAINING, 0, {"epoch": 3, "repaired_layers": ["a"]}, CPU)
    train_epoch(state, batches, TRAINING, lambda **progress: None)
    return state


def _bytes(state):
    file = io.BytesIO()
    checkpoint.write(file, state)
    return file.getvalue()


def _read(raw):
    return checkpoint.read(io.BytesIO(raw), TRAINING, CPU)


def test_training_goes_on_from_a_checkpoint_bit_for_bit(trained, batches):
    resumed = _read(_bytes(trained))
    for state in (trained, resumed):
        train_epoch(state, batches, TRAINING, lambda **progress: None)
    for ours, theirs in zip(trained.model.state_dict().values(), resumed.model.state_dict().values()):
        assert torch.equal(ours, theirs)
    assert resumed.history == trained.history and resumed.origin == trained.origin
    assert [gammas.tolist() for gammas in resumed.gammas] == [gammas.tolist() for gammas in trained.gammas]
    assert (resumed.start, resumed.epochs_done) == (0, 2)


class Full(io.BytesIO):
    """A disk with room for a kilobyte."""

    def write(self, data):
        if self.tell() + len(data) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def test_a_full_disk_is_an_error_of_the_disk_and_not_the_end_of_the_process(trained):
    with pytest.raises(OSError, match="No space left on device"):
        checkpoint.write(Full(), trained)


@pytest.mark.parametrize("written_by", ["1.10.1", "2.13.0"])
def test_training_goes_on_from_a_checkpoint_of_another_torch(written_by, batches):
    training = Job("vgg16", "synthetic", width=0.02, limit=30, epochs=3, batch_size=15).training("train", sparsity=1e-4)
    with (Path(__file__).parent.parent / "data" / "checkpoints" / f"torch-{written_by}.pt").open("rb") as file:
        state = checkpoint.read(file, training, CPU)
    assert state.epochs_done == 1 and state.history[0]["accuracy"] == 0.1
    assert train_epoch(state, batches, training, lambda **progress: None)["loss"] < 3


def test_a_pruned_network_comes_back_as_narrow_as_it_was():
    dense = fresh(TRAINING, 10)
    for norm in dense.batchnorms():
        torch.nn.init.uniform_(norm.weight)
    state = begin(shrink(dense, channel_mask(dense.gammas(), 0.5)), TRAINING, 0, {}, CPU)
    assert _read(_bytes(state)).model.widths == state.model.widths


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_checkpoint_is_refused(trained, share):
    raw = _bytes(trained)
    with pytest.raises(WorkloadError, match="truncated or damaged .*: delete it to start the training again"):
        _read(raw[: int(len(raw) * share)])


@pytest.mark.parametrize("content", [{"schema": 99}, [1, 2], {}])
def test_a_foreign_file_is_refused(content):
    file = io.BytesIO()
    torch.save(content, file)
    with pytest.raises(WorkloadError, match="not one of ours"):
        _read(file.getvalue())


class _Crafted:
    def __reduce__(self):
        return sys.exit, ("code from a checkpoint was run",)


def _crafted(trained):
    """A checkpoint whose pickle calls a function when it is read as any pickle would be."""
    raw, crafted = io.BytesIO(_bytes(trained)), io.BytesIO()
    with zipfile.ZipFile(raw) as whole, zipfile.ZipFile(crafted, "w") as changed:
        for name in whole.namelist():
            pickled = pickle.dumps(_Crafted(), protocol=2)
            changed.writestr(name, pickled if name.endswith("data.pkl") else whole.read(name))
    return crafted.getvalue()


def test_code_in_a_checkpoint_is_not_run(trained):
    with pytest.raises(WorkloadError, match="truncated or damaged"):
        _read(_crafted(trained))


def test_the_reader_for_torch_before_1_13_builds_tensors_and_nothing_else(trained, monkeypatch):
    options = {"weights_only": False} if "weights_only" in checkpoint._without_code() else {}
    monkeypatch.setattr(checkpoint, "_without_code", lambda: dict(options, pickle_module=TensorsOnly))
    assert _read(_bytes(trained)).epochs_done == 1
    with pytest.raises(WorkloadError, match="sys.exit has no place in a checkpoint"):
        _read(_crafted(trained))


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "last.pt"
    path.write_bytes(b"half of it")
    with pytest.raises(WorkloadError, match=f"the checkpoint {path} is truncated or damaged .*: delete it to start"):
        with path.open("rb") as file:
            checkpoint.read(file, TRAINING, CPU)
