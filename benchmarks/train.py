"""Training speed against a plain loop of the same network, and what tickets, checkpoints and images cost beside it.

The plain loop is what a script would have: NCHW, images made into floats beforehand, the L1 term and the update tensor
by tensor.  Ours takes uint8 images and augments them on the way.  Dense and pruned networks run in the same loop on
either side.  Batches of 64 on two threads; seconds are those of the wall clock.
"""

import copy
import inspect
import json
import tempfile
import time
from pathlib import Path
from typing import Iterator, Tuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import augmentation
from benchmarks.augmentation import noise
from benchmarks.paired import Comparison, compare
from harness import rundir
from workloads import checkpoint
from workloads.augment import Batches
from workloads.detection import Search, per_layer
from workloads.flops import forward_flops
from workloads.job import Draw, Training
from workloads.models import build
from workloads.network import TicketNetwork
from workloads.surgery import shrink
from workloads.tickets import channel_mask
from workloads.training import State, begin, train_epoch

THREADS, BATCH, STEPS, PAIRS = 2, 64, 3, 8
EPOCH_IMAGES, SHAPE, CPU = 50000, (3, 32, 32), torch.device("cpu")
LR, SPARSITY = 0.01, 1e-4
DETECTION_SHARE, CHECKPOINT_SHARE, MASK_BYTES = 5e-5, 0.01, 33000
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


def against_plain(ours: TicketNetwork, plain: TicketNetwork) -> Comparison:
    """Seconds of STEPS steps, both warmed up before."""
    work, reference = Ours(ours), Plain(plain)
    work()
    reference()
    return compare(work, reference, pairs=PAIRS, clock=time.perf_counter)


def beside_flops(
    name: str, dense: Comparison, ticket: Comparison, small: TicketNetwork, executed: TicketNetwork
) -> str:
    """How much of the dense network's time a ticket takes, beside how much of its FLOPs."""
    whole = forward_flops(network(name), SHAPE)
    return json.dumps(
        {
            "benchmark": f"{name}: ticket / dense",
            "time": ticket.work_s / dense.work_s,
            "time_plain_loop": ticket.reference_s / dense.reference_s,
            "flops": forward_flops(small, SHAPE) / whole,
            "flops_executed": forward_flops(executed, SHAPE) / whole,
        }
    )


def line(name: str, value: float, limit: float, **further: float) -> str:
    return json.dumps({"benchmark": name, "limit": limit, "ok": value <= limit, "value": value, **further})


def detection_seconds(model: TicketNetwork, repeats: int = 200) -> Tuple[float, int]:
    """Of one epoch's mask, distance and decision, scales fetched from the network; and the bytes of five masks."""
    sizes = [norm.num_features for norm in model.batchnorms()]
    search = Search(Draw(0.5, window=4, epsilon=1e-9), last_epoch=10**9)
    began = time.perf_counter()
    for epoch in range(repeats):
        flat = torch.cat(model.gammas()).numpy()
        search.update(per_layer(flat, sizes), epoch)
    return (time.perf_counter() - began) / repeats, search.detector.nbytes


def checkpoint_seconds(state: State, repeats: int = 7) -> float:
    """The median of writing a checkpoint so that it survives a power cut."""
    took = []
    with tempfile.TemporaryDirectory(dir=str(Path.cwd())) as folder:
        rep = rundir.Rep(Path(folder))
        for _ in range(repeats):
            began = time.perf_counter()
            with rundir.replacing(rep.checkpoint, keep=rep.previous_checkpoint) as file:
                checkpoint.write(file, state)
            took.append(time.perf_counter() - began)
    return sorted(took)[repeats // 2]


def networks(name: str, ratio: float, align: int, dense_gain: float, ticket_gain: float) -> Iterator[str]:
    """A network dense and pruned, each against the plain loop; and the time of one beside the other."""
    whole, small, executed = network(name), network(name, ratio), network(name, ratio, align)
    dense = against_plain(whole, whole)
    yield dense.line(f"{name}, dense / plain loop", 1 / dense_gain)
    ticket = against_plain(executed, small)
    yield ticket.line(f"{name}, p={ratio:g} align={align} / plain loop without alignment", 1 / ticket_gain)
    yield beside_flops(name, dense, ticket, small, executed)


def beside_an_epoch() -> Iterator[str]:
    """What following a mask and keeping a checkpoint add to an epoch of VGG16."""
    ours = Ours(network("vgg16"))
    ours()
    began = time.perf_counter()
    ours()
    epoch_s = (time.perf_counter() - began) * EPOCH_IMAGES / (STEPS * BATCH)
    seconds, held = detection_seconds(ours.state.model)
    yield line("detection / vgg16 epoch", seconds / epoch_s, DETECTION_SHARE, seconds=seconds, epoch_s=epoch_s)
    yield line("bytes of five masks of vgg16", held, MASK_BYTES)
    seconds = checkpoint_seconds(ours.state)
    yield line("checkpoint / vgg16 epoch", seconds / epoch_s, CHECKPOINT_SHARE, seconds=seconds, epoch_s=epoch_s)


def main() -> None:
    torch.set_num_threads(THREADS)
    for said in (
        networks("vgg16", 0.7, 1, dense_gain=1.12, ticket_gain=1.2),
        networks("preresnet101", 0.5, 8, dense_gain=1.25, ticket_gain=1.25),
        beside_an_epoch(),
        [augmentation.compared()],
    ):
        for text in said:
            print(text, flush=True)


if __name__ == "__main__":
    main()
