"""Two devices train what one would that computed both halves of every batch, and stay equal to the last bit."""

import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch

from tests.workloads.halves import by_one_process
from workloads import WorkloadError
from workloads.job import Job
from workloads.ranks import ALONE, Together, available, joined
from workloads.tickets import channel_mask

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two gloo processes end with, started by torch's own launcher."""
    from harness.ranks import options

    folder = tmp_path_factory.mktemp("ranks")
    launcher = [sys.executable, "-m", "torch.distributed.run"] + options(2)
    done = subprocess.run(
        launcher + ["-m", "tests.workloads.ranks_program", str(folder)],
        cwd=str(ROOT),
        env=dict(os.environ, GLOO_SOCKET_IFNAME="lo", OMP_NUM_THREADS="1", PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stdout
    return [torch.load(str(folder / f"rank-{index}.pt")) for index in (0, 1)]


def test_two_processes_equal_one_that_computes_both_halves(two, one_thread):
    """With as many threads in each: the processes compute with one."""
    model, steps = by_one_process()
    assert steps == 20
    for name, values in model.state_dict().items():
        torch.testing.assert_close(two[0]["model"][name], values, rtol=1e-5, atol=1e-5)
    ours = channel_mask(model.gammas(), 0.5)
    assert all((one.numpy() == other).all() for one, other in zip(two[0]["mask"], ours))


def test_all_ranks_end_with_the_same_weights_masks_and_losses(two):
    first, second = two
    parameters = [name for name in first["model"] if "running" not in name and "num_batches" not in name]
    assert all(torch.equal(first["model"][name], second["model"][name]) for name in parameters)
    assert all((one == other).all() for one, other in zip(first["mask"], second["mask"]))
    assert first["row"] == second["row"] and 0 <= first["row"]["train_accuracy"] <= 1


class Group:
    """torch.distributed as one rank of some sees it, without the others."""

    def __init__(self, index, count):
        self.get_rank, self.get_world_size = lambda: index, lambda: count


def test_a_rank_that_leaves_drops_what_holds_the_group_before_it_ends_the_group(monkeypatch):
    """The other way round the two wait for each other for ever: seen now and then, with torch 1.10 and with 2.13."""
    happened = []

    class Wrapper:
        def __init__(self, module, device_ids):
            self.module = module
            weakref.finalize(self, happened.append, "wrapper dropped")

    group = Group(0, 2)
    group.barrier = lambda: happened.append("all are here")
    group.destroy_process_group = lambda: happened.append("group ended")
    monkeypatch.setattr(torch.nn.parallel, "DistributedDataParallel", Wrapper)
    together = Together(group, torch.device("cpu"))
    together.network(torch.nn.Linear(1, 1))
    together.leave()
    assert happened == ["all are here", "wrapper dropped", "group ended"]


@pytest.mark.parametrize("size, count", [(8, 2), (5, 2), (7, 3), (2, 3)])
def test_shares_are_the_batch_in_order_and_weigh_as_much(size, count):
    images, labels = torch.arange(size), torch.arange(size)
    seen, weight = [], 0.0
    for index in range(count):
        rank = Together(Group(index, count), torch.device("cpu"))
        ((share, _),) = rank.shares([(images, labels)])
        assert len(share) >= 1
        seen += share[: rank.held].tolist()
        weight += float(rank.weighted(torch.tensor(1.0)))
    assert seen == list(range(size)) and weight == pytest.approx(count)


def test_alone_nothing_is_shared():
    batch = [(torch.zeros(3), torch.zeros(3))]
    assert ALONE.shares(batch) is batch and ALONE.first and (ALONE.index, ALONE.count) == (0, 1)
    with joined(1) as rank:
        assert rank is ALONE


@pytest.mark.parametrize(
    "changes, sentence",
    [({"precision": "block8"}, "emulated, each device rounding by itself"), ({"batch_size": 1}, "a batch of 1 leaves")],
)
def test_what_cannot_be_shared_is_refused(changes, sentence):
    training = Job("vgg16", "synthetic").training("train", **changes)
    with pytest.raises(WorkloadError, match=sentence):
        Together(Group(0, 2), torch.device("cpu")).check(training)


def test_a_torch_without_distributed_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_available", lambda: False)
    with pytest.raises(WorkloadError, match="built without torch.distributed, as NVIDIA's builds for Jetson may be"):
        available()
