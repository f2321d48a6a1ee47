"""Memory that does not suffice is said with the batch size that was tried; other errors stay what they are."""

import pytest
import torch

from workloads import WorkloadError
from workloads.job import Job
from workloads.memory import enough_for
from workloads.models import vgg16
from workloads.stage import execute
from workloads.store import MemoryStore


def test_a_training_that_the_machine_cannot_hold_says_what_was_tried(monkeypatch):
    monkeypatch.setattr(vgg16.Network, "forward", lambda self, images: torch.empty(2**50))
    training = Job("vgg16", "synthetic", width=0.03, limit=20, epochs=1, batch_size=10).training("train")
    said = "out of memory while training vgg16 in batches of 10 images: set a batch_size below 10"
    with pytest.raises(WorkloadError, match=said):
        execute(training, store=MemoryStore(), sources={})


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_whoever_runs_out_is_understood(error):
    with pytest.raises(WorkloadError, match="out of memory while x in batches of 256 images"), enough_for("x", 256):
        raise error


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="sizes do not match"), enough_for("x", 256):
        raise RuntimeError("sizes do not match")
