"""Training speed against a plain loop of the same network, and what tickets, checkpoints and images cost beside it.

Seconds are those of the wall clock; `loops` has the two loops.
"""

import tempfile
import time
from pathlib import Path
from typing import Iterator, Tuple

import torch

from benchmarks import augmentation
from benchmarks.loops import BATCH, STEPS, THREADS, Ours, arm, network
from benchmarks.paired import Comparison, compare, line, said
from harness import rundir
from workloads import checkpoint
from workloads.detection import Search, per_layer
from workloads.flops import forward_flops
from workloads.job import Draw
from workloads.network import TicketNetwork
from workloads.training import State

PAIRS = 24
EPOCH_IMAGES, SHAPE = 50000, (3, 32, 32)
DETECTION_SHARE, CHECKPOINT_SHARE, MASK_BYTES = 5e-5, 0.01, 33000


def against_plain(name: str, ratio: float = 0.0, align: int = 1) -> Comparison:
    """Seconds of STEPS steps; the plain loop's network is not aligned."""
    with arm("ours", name, ratio, align) as ours, arm("plain", name, ratio) as plain:
        return compare(ours, plain, pairs=PAIRS, clock=time.perf_counter)


def beside_flops(name: str, dense: Comparison, ticket: Comparison, ratio: float, align: int) -> str:
    """How much of the dense network's time a ticket takes, beside how much of its FLOPs."""
    whole = forward_flops(network(name), SHAPE)
    return said(
        f"{name}: ticket / dense",
        time=ticket.work_s / dense.work_s,
        time_plain_loop=ticket.reference_s / dense.reference_s,
        flops=forward_flops(network(name, ratio), SHAPE) / whole,
        flops_executed=forward_flops(network(name, ratio, align), SHAPE) / whole,
    )


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
    dense = against_plain(name)
    yield dense.line(f"{name}, dense / plain loop", 1 / dense_gain)
    ticket = against_plain(name, ratio, align)
    yield ticket.line(f"{name}, p={ratio:g} align={align} / plain loop without alignment", 1 / ticket_gain)
    yield beside_flops(name, dense, ticket, ratio, align)


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
    for lines in (
        networks("vgg16", 0.7, 1, dense_gain=1.12, ticket_gain=1.2),
        networks("preresnet101", 0.5, 8, dense_gain=1.25, ticket_gain=1.25),
        beside_an_epoch(),
        [augmentation.compared()],
    ):
        for text in lines:
            print(text, flush=True)


if __name__ == "__main__":
    main()
