"""Several processes that train one network together: each takes its share of every batch, and all end up the same.

A process that torch's launcher has started is a rank, and has a device to itself.  torch.distributed is imported only
when several are asked for: NVIDIA's builds of torch for Jetson may lack it.
"""

import os
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO, Callable, Iterable, Iterator, Optional, Tuple

import torch
from torch import Tensor, nn

from workloads import WorkloadError
from workloads.job import EMULATED
from workloads.store import Store, Write

PATIENCE = timedelta(days=1)  # a rank that has died is noticed by the launcher, one that waits is not late


class Ranks:
    """One process that trains by itself.

    index and count: which of how many.  `first` alone evaluates, reports and writes.  held: of the images of the last
    share, how many are this rank's own; None: all.
    """

    index, count = 0, 1
    device: Optional[torch.device] = None
    held: Optional[int] = None

    @property
    def first(self) -> bool:
        return self.index == 0

    def check(self, training: Any) -> None:
        """Raise where a training cannot be shared by so many."""

    def shares(self, batches: Iterable[Tuple[Tensor, Tensor]]) -> Iterable[Tuple[Tensor, Tensor]]:
        """This rank's share of each batch."""
        return batches

    def network(self, model: nn.Module) -> Callable[[Tensor], Tensor]:
        """The forward pass whose backward pass leaves the same gradients on every rank."""
        return model

    def weighted(self, loss: Tensor) -> Tensor:
        """The mean loss over the share, such that its mean over all ranks is that over the batch."""
        return loss

    def gathered(self, losses: Tensor, correct: Tensor) -> Tuple[Tensor, Tensor]:
        """The means of weighted losses, and the sum of counts, over all ranks."""
        return losses, correct

    def agree(self, values: Tensor, what: str) -> None:
        """Raise unless `values` are the same to the last bit on every rank."""

    def wait(self) -> None:
        """Return once every rank has come here."""

    def store(self, store: Store) -> Store:
        """The store as this rank may use it: only the first one writes."""
        return store


ALONE = Ranks()


class Together(Ranks):
    """One of several; `distributed` is torch.distributed, its process group begun."""

    def __init__(self, distributed: Any, device: torch.device) -> None:
        self.distributed, self.device = distributed, device
        self.index, self.count = distributed.get_rank(), distributed.get_world_size()
        self._weight = 1.0
        self._wrapped: Any = None

    def check(self, training: Any) -> None:
        if training.precision in EMULATED:
            raise WorkloadError(
                f"precision {training.precision} is emulated, each device rounding by itself: train it on one device"
            )
        if training.batch_size < self.count:
            raise WorkloadError(
                f"a batch of {training.batch_size} leaves some of {self.count} devices without an image: use fewer"
            )

    def shares(self, batches: Iterable[Tuple[Tensor, Tensor]]) -> Iterator[Tuple[Tensor, Tensor]]:
        for images, labels in batches:
            first, last = (len(labels) * (self.index + more) // self.count for more in (0, 1))
            self.held, self._weight = last - first, (last - first) * self.count / len(labels)
            # A rank without an image of a short last batch goes along with one that does not count.
            own = slice(first, last) if last > first else slice(0, 1)
            yield images[own], labels[own]

    def network(self, model: nn.Module) -> Callable[[Tensor], Tensor]:
        if self._wrapped is None or self._wrapped.module is not model:
            from torch.nn.parallel import DistributedDataParallel

            on = [self.device] if self.device is not None and self.device.type == "cuda" else None
            self._wrapped = DistributedDataParallel(model, device_ids=on)
        return self._wrapped

    def weighted(self, loss: Tensor) -> Tensor:
        return loss * self._weight

    def gathered(self, losses: Tensor, correct: Tensor) -> Tuple[Tensor, Tensor]:
        self.distributed.all_reduce(losses)
        self.distributed.all_reduce(correct)
        return losses / self.count, correct

    def agree(self, values: Tensor, what: str) -> None:
        least, most = values.to(self.device), values.to(self.device, copy=True)
        self.distributed.all_reduce(least, op=self.distributed.ReduceOp.MIN)
        self.distributed.all_reduce(most, op=self.distributed.ReduceOp.MAX)
        if not torch.equal(least, most):
            raise WorkloadError(
                f"the devices have drifted apart, {what} differs: its energy would be of no one training"
            )

    def wait(self) -> None:
        self.distributed.all_reduce(torch.zeros(1, device=self.device))

    def store(self, store: Store) -> Store:
        return store if self.first else ReadOnly(store)

    def leave(self) -> None:
        """End the process group, once no rank talks any more."""
        self.distributed.barrier()
        # Before the group: its end waits for its threads, and these for the interpreter's lock to free what they have
        # reduced. torch lets go of that lock where its own binding ends the group, but not where this wrapper does.
        self._wrapped = None
        self.distributed.destroy_process_group()


class ReadOnly(Store):
    """Another rank's store: what is to be kept, that rank keeps."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def checkpoint(self, *which: Any, **options: Any) -> Optional[BinaryIO]:
        return self._store.checkpoint(*which, **options)

    def commit(self, epochs_done: int, write: Write) -> None:
        pass

    def open(self, name: str) -> Optional[BinaryIO]:
        return self._store.open(name)

    def save(self, name: str, write: Write) -> None:
        pass


@contextmanager
def joined(count: int) -> Iterator[Ranks]:
    """This process as one of `count` that torch's launcher has started, or as one that trains alone."""
    if count == 1:
        yield ALONE
        return
    distributed = available()
    device = _device(count)
    backend = "nccl" if device.type == "cuda" and distributed.is_nccl_available() else "gloo"
    distributed.init_process_group(backend, init_method="env://", timeout=PATIENCE)
    together = Together(distributed, device)
    yield together
    together.leave()


def available() -> Any:
    """torch.distributed, or a sentence where this torch was built without it."""
    try:
        import torch.distributed as distributed
    except ImportError:
        distributed = None
    if distributed is None or not distributed.is_available():
        raise WorkloadError(
            f"torch {torch.__version__} was built without torch.distributed, as NVIDIA's builds for Jetson may be: "
            "run on one device, or install a build that has it"
        )
    return distributed


def _device(count: int) -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if torch.cuda.device_count() < count:
        raise WorkloadError(
            f"{count} devices were asked for, and this machine has {torch.cuda.device_count()} GPU: ask for as many"
        )
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
