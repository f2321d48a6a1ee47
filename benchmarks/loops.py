"""The training loops that `train` compares, each a process of its own: ours as `harness run` starts it, or a plain one.

The plain loop is what a script would have: NCHW, images made into floats beforehand, the L1 term and the update tensor
by tensor.  Ours takes uint8 images and augments them on the way.  Dense and pruned networks run in the same loop on
either side.  Batches of 64 on two threads.
"""

import contextlib
import copy
import inspect
import sys
from typing import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.augmentation import noise
from benchmarks.recording import child
from harness import heap
from workloads.augment import Batches
from workloads.job import Training
from workloads.models import build
from workloads.network import TicketNetwork
from workloads.surgery import shrink
from workloads.tickets import channel_mask
from workloads.training import State, begin, train_epoch

THREADS, BATCH, STEPS, WARM = 2, 64, 3, 5
LR, SPARSITY, CPU = 0.01, 1e-4, torch.device("cpu")
# How much stronger the first layer's scales are than the last one's: so that a ticket costs what the published ones do.
SLOPES = {"vgg16": 2.5, "preresnet101": 0.0}


def network(name: str, ratio: float = 0.0, align: int = 1) -> TicketNetwork:
    """A network with 10 classes, dense or a ticket of it."""
    torch.manual_seed(0)
    dense = build(name, 10)
    if not ratio:
        return dense
    norms = dense.batchnorms()
    for depth, norm in enumerate(norms):
        strength = np.exp(-SLOPES[name] * depth / len(norms))
        nn.init.uniform_(norm.weight, 0.5 * strength, 1.5 * strength)
    return shrink(dense, channel_mask(dense.gammas(), ratio), align=align)


class Ours:
    """Our training loop on a network."""

    def __init__(self, model: TicketNetwork) -> None:
        self.training = Training(
            "search",
            model.name,
            "cifar10",
            lr=LR,
            milestones=(),
            batch_size=BATCH,
            sparsity=SPARSITY,
            align=model.align,
        )
        self.state: State = begin(copy.deepcopy(model), self.training, 0, {}, CPU)
        self.batches = Batches(noise(STEPS * BATCH), CPU)

    def __call__(self) -> None:
        train_epoch(self.state, self.batches, self.training, lambda **progress: None)


class Plain:
    """A plain loop on the same network."""

    def __init__(self, model: TicketNetwork) -> None:
        self.model = copy.deepcopy(model).to(memory_format=torch.contiguous_format)
        one_by_one = {"foreach": False} if "foreach" in inspect.signature(torch.optim.SGD).parameters else {}
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=LR, momentum=0.9, weight_decay=1e-4, **one_by_one)
        batches = Batches(noise(STEPS * BATCH), CPU).train(0, 0, BATCH)
        self.batches = [(seen.contiguous(), labels) for seen, labels in batches]

    def __call__(self) -> None:
        total, correct = 0.0, 0
        self.model.train()
        for seen, labels in self.batches:
            self.optimizer.zero_grad()
            scores = self.model(seen)
            loss = functional.cross_entropy(scores, labels)
            total += loss.item()
            correct += scores.argmax(1).eq(labels).sum().item()
            loss.backward()
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.weight.grad.add_(SPARSITY * torch.sign(module.weight.detach()))
            self.optimizer.step()


@contextlib.contextmanager
def arm(loop: str, name: str, ratio: float = 0.0, align: int = 1) -> Iterator[Callable[[], None]]:
    """Trains STEPS steps of a network at each call, in a process of its own that has been warmed up."""
    environment = heap.environment() if loop == "ours" else {}
    with child("benchmarks.loops", loop, name, str(ratio), str(align), **environment) as process:

        def run() -> None:
            process.stdin.write(b"\n")
            process.stdin.flush()
            if not process.stdout.readline():
                raise RuntimeError(f"the {loop} loop ended")

        for _ in range(WARM):
            run()
        yield run
        process.stdin.close()


def main() -> None:
    torch.set_num_threads(THREADS)
    loop, name, ratio, align = sys.argv[1:]
    work = {"ours": Ours, "plain": Plain}[loop](network(name, float(ratio), int(align)))
    for _ in sys.stdin.buffer:
        work()
        print(flush=True)


if __name__ == "__main__":
    main()
