"""Running a profile: windows of the steady state of a training, after a warm-up, each committed when it is done."""

import json
import math
import time
from functools import partial
from typing import Any, BinaryIO, Callable, Dict, Iterator, Tuple

import torch

from workloads import WorkloadError, detection, draws, outcome, pruning, surgery, ticket_file
from workloads.augment import Batches
from workloads.job import Draw, Training
from workloads.phases import finish
from workloads.profile import GIVEN, digest
from workloads.store import Store
from workloads.ticket_file import Ticket
from workloads.training import State, begin, train_epoch, warm_up

LEAST_ITERATIONS = 30
WARM_UP_ITERATIONS = 10
MARGIN = 1.1  # of a window's length, for iterations that get faster after the warm-up


def execute(
    training: Training,
    *,
    store: Store,
    phase: Callable,
    report: Callable,
    load: Callable[[], Batches],
    device: torch.device,
    window_s: float,
) -> Dict[str, Any]:
    """Run the windows that are left, each at least `window_s` seconds and 30 iterations; returns a JSON-able result.

    `load` gives the images.  An interrupted window is run again, after another warm-up.
    """
    with phase("load"):
        warm_up()
        batches = load()
        state = _begin(training, store, batches, device)
    done = _windows_done(store)
    work = _Work(state, batches, training, report, device)
    with phase(training.role):
        iterations = work.warm_up(window_s) if done < training.windows else 0
        for window in range(done, training.windows):
            work.window = window
            with phase("window", epoch=window, of="training") as note:
                note(**work.run(iterations))
            with phase("checkpoint"):
                store.commit(window + 1, partial(_write_windows, window + 1))
    found = {
        "windows": training.windows,
        "images": batches.count,
        "batch_size": training.batch_size,
        "epochs_run": [0, 0],
        "draws": {},
        **outcome.network(state, training, batches),
    }
    if training.sparsity and not training.ticket and training.score is None:
        found["detection"] = detection.overhead(Draw(0.5), state.model.gammas(), window_s, phase)
    return found


def _begin(training: Training, store: Store, batches: Batches, device: torch.device) -> State:
    """The network of the profile at the begin of a training."""
    dense = pruning.fresh(training, batches.classes)
    ticket = None
    if training.ticket:
        ticket = _given(training, store)
    elif training.score is not None:
        dense = dense.to(device, memory_format=torch.channels_last)
        ticket = draws.ticket(training.score, dense, training, batches)
    if ticket is None:
        return begin(dense, training, 0, {}, device)
    state = begin(surgery.shrink(dense, ticket.mask, align=training.align), training, 0, {}, device)
    if ticket.connections:
        pruning.connect(state, ticket)
    return state


def _given(training: Training, store: Store) -> Ticket:
    file = store.open(GIVEN)
    if file is None:
        raise WorkloadError(f"the ticket {training.ticket} is not in the store: give its file to the run")
    with file:
        ticket = ticket_file.read(file)
    if digest(ticket) != training.ticket:
        raise WorkloadError(f"the ticket in the store is {digest(ticket)}, the profile is of {training.ticket}")
    return ticket


class _Work:
    """Iterations of a training, run by the training's own loop in pieces of any length."""

    def __init__(
        self, state: State, batches: Batches, training: Training, report: Callable, device: torch.device
    ) -> None:
        self.state, self.batches, self.training, self.device = state, batches, training, device
        self.report, self.window = report, 0
        self.per_epoch = -(-batches.count // training.batch_size)
        self._stream: Iterator = iter(())

    def warm_up(self, window_s: float) -> int:
        """Iterate for `window_s` seconds and 10 iterations at least; returns how many iterations a window needs."""
        self._timed(2)
        done, seconds = 0, 0.0
        while done < WARM_UP_ITERATIONS or seconds < window_s:
            seconds += self._timed(WARM_UP_ITERATIONS)
            done += WARM_UP_ITERATIONS
        return max(LEAST_ITERATIONS, math.ceil(MARGIN * window_s * done / seconds))

    def run(self, iterations: int) -> Dict[str, int]:
        """A window: whole epochs where it reaches beyond one, else a part of one without its short last batch."""
        if iterations < self.per_epoch:
            images = self._slice(iterations)
            return {"iterations": iterations, "images": images}
        epochs = -(-iterations // self.per_epoch)
        for _ in range(epochs):
            self._train(self.batches)
        return {"iterations": epochs * self.per_epoch, "images": epochs * self.batches.count}

    def _timed(self, iterations: int) -> float:
        began = time.monotonic()
        self._slice(iterations)
        finish(self.device)
        return time.monotonic() - began

    def _slice(self, iterations: int) -> int:
        piece = _Piece(self, iterations)
        self._train(piece)
        return piece.count

    def _train(self, batches: Any) -> None:
        self.state.gammas.clear()
        train_epoch(self.state, batches, self.training, self._told)

    def _told(self, **progress: Any) -> None:
        self.report(**dict(progress, epoch=self.window, epochs=self.training.windows))

    def next_batch(self) -> Tuple[torch.Tensor, torch.Tensor]:
        """The next full batch, of a new epoch where the last one is used up."""
        size = min(self.training.batch_size, self.batches.count)
        while True:
            for images, labels in self._stream:
                if len(labels) == size:
                    return images, labels
            self._stream = iter(self.batches.train(self.training.seed, self.state.epochs_done, size))


class _Piece:
    """A number of full batches, as the training loop takes them from a data set."""

    def __init__(self, work: _Work, iterations: int):
        self._work, self._iterations = work, iterations
        self.device = work.batches.device
        self.count = iterations * min(work.training.batch_size, work.batches.count)

    def train(self, seed: int, epoch: int, batch_size: int) -> Iterator:
        for _ in range(self._iterations):
            yield self._work.next_batch()


def _windows_done(store: Store) -> int:
    file = store.checkpoint() or store.checkpoint(back=1)
    if file is None:
        return 0
    with file:
        return int(json.loads(file.read().decode())["windows_done"])


def _write_windows(done: int, file: BinaryIO) -> None:
    file.write(json.dumps({"windows_done": done}).encode())
