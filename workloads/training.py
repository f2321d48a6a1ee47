"""The training loop that every method shares: SGD on a step schedule, with L1 on BatchNorm scales where asked."""

import inspect
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np
import torch
from torch.nn import functional

from workloads import WorkloadError, precision
from workloads.augment import Batches
from workloads.averaging import Average
from workloads.connections import Connections, Hold
from workloads.job import Training
from workloads.network import TicketNetwork
from workloads.ranks import ALONE, Ranks
from workloads.soft import zero_filters

EXPLODED = 1000.0  # a mean cross-entropy above this is no longer a loss of anything that learns
REPORT_S = 0.5


@dataclass
class State:
    """All that a training is between two epochs, and all that its checkpoint holds.

    history: per epoch trained its loss, train_accuracy, lr and accuracy.  gammas: per epoch trained the BatchNorm
    scales at its end, float32, flat.  origin: what the ticket that it came from says of itself.  connections: where
    single weights are pruned, those that are kept.  average: the mean of the weights so far, where one is asked for.
    ranks: who trains it.
    """

    model: TicketNetwork
    optimizer: torch.optim.Optimizer
    arithmetic: precision.Arithmetic
    start: int
    epochs_done: int
    history: List[Dict[str, Optional[float]]] = field(default_factory=list)
    gammas: List[np.ndarray] = field(default_factory=list)
    origin: Dict[str, Any] = field(default_factory=dict)
    connections: Connections = field(default_factory=dict)
    average: Average = field(default_factory=Average)
    ranks: Ranks = ALONE

    @property
    def layer_sizes(self) -> List[int]:
        """Channels of each BatchNorm layer."""
        return [norm.num_features for norm in self.model.batchnorms()]


def begin(model: TicketNetwork, training: Training, start: int, origin: Dict[str, Any], device: torch.device) -> State:
    """A training of `model` whose first epoch is `start`."""
    model = model.to(device, memory_format=torch.channels_last)
    arithmetic = precision.arithmetic(model, training, device)
    return State(model, sgd(model, training), arithmetic, start, start, origin=origin)


def sgd(model: TicketNetwork, training: Training) -> torch.optim.SGD:
    """The optimiser; on a GPU it updates all tensors at once where this torch can, to the same bits.

    On a CPU that takes longer: what it computes on the way then no longer fits the caches.
    """
    known, on_cpu = inspect.signature(torch.optim.SGD).parameters, next(model.parameters()).device.type == "cpu"
    together = {"foreach": not on_cpu} if "foreach" in known else {}
    return torch.optim.SGD(
        model.parameters(), lr=training.lr, momentum=training.momentum, weight_decay=training.weight_decay, **together
    )


def warm_up() -> None:
    """Have torch import now what its first optimiser needs: seconds that belong to no pruning and no epoch."""
    parameter = torch.zeros(1, requires_grad=True)
    parameter.grad = torch.zeros(1)
    torch.optim.SGD([parameter], lr=1.0).step()


def epochs(state: State, training: Training, enough: Callable[[], bool]) -> Iterator[int]:
    """The epochs that are left, by absolute index, until there is `enough`."""
    while state.epochs_done < training.last_epoch and not enough():
        yield state.epochs_done


def train_epoch(state: State, batches: Batches, training: Training, report: Callable) -> Dict[str, Optional[float]]:
    """Train the epoch that is next and enter it in the state's history.

    Returns its row there: mean loss and accuracy over the training images as they were seen, and the lr.
    """
    epoch, model, optimizer, ranks = state.epochs_done, state.model, state.optimizer, state.ranks
    lr = learning_rate(training, epoch)
    for group in optimizer.param_groups:
        group["lr"] = lr
    norms = model.batchnorms() if training.sparsity else []
    hold = Hold(model, state.connections) if state.connections else None
    state.arithmetic.begin_epoch(epoch)
    watch = _Watch(epoch, training, batches, ranks, report)
    model.train()
    forward = ranks.network(model)
    for images, labels in ranks.shares(batches.train(training.seed, epoch, training.batch_size)):
        optimizer.zero_grad(set_to_none=True)
        with state.arithmetic.forward():
            scores = forward(images)
            loss = ranks.weighted(functional.cross_entropy(scores, labels))
        state.arithmetic.backward(loss, optimizer)
        if norms:
            penalise(norms, training.sparsity)
        if hold:
            hold()
        state.arithmetic.step(optimizer)
        watch.step(loss.detach(), scores.detach(), labels)
    if training.soft:
        zero_filters(model, training.soft)
    if training.swa_start is not None and epoch >= training.swa_start:
        state.average.add(model)
    state.epochs_done += 1
    state.gammas.append(torch.cat(model.gammas()).numpy())
    ranks.agree(torch.from_numpy(state.gammas[-1]), f"after epoch {epoch + 1} a BatchNorm scale")
    state.history.append(dict(watch.means(), lr=lr))
    return state.history[-1]


def learning_rate(training: Training, epoch: int) -> float:
    """Decayed at the start of each milestone that this absolute epoch index has reached."""
    return training.lr * training.decay ** sum(epoch >= milestone for milestone in training.milestones)


@torch.no_grad()
def penalise(norms: List[torch.nn.BatchNorm2d], sparsity: float) -> None:
    """Add the sub-gradient of sparsity * |gamma| to the gradients of all BatchNorm scales, in one step (NS, eq. 1)."""
    gammas = [norm.weight for norm in norms]
    signs = torch.cat(gammas).sign_().split([len(gamma) for gamma in gammas])
    torch._foreach_add_([gamma.grad for gamma in gammas], list(signs), alpha=sparsity)


class _Watch:
    """Loss and accuracy of an epoch under way, read from the device only now and then."""

    def __init__(self, epoch: int, training: Training, batches: Batches, ranks: Ranks, report: Callable) -> None:
        self._epoch, self._training, self._ranks, self._report = epoch, training, ranks, report
        self._images, self._steps = batches.count, -(-batches.count // training.batch_size)
        self._losses = torch.zeros(self._steps, device=batches.device)
        self._correct = torch.zeros((), dtype=torch.int64, device=batches.device)
        self._done, self._looked = 0, time.monotonic()

    def step(self, loss: torch.Tensor, scores: torch.Tensor, labels: torch.Tensor) -> None:
        self._losses[self._done] = loss
        self._correct += (scores.argmax(1) == labels)[: self._ranks.held].sum()
        self._done += 1
        if self._done == self._steps or time.monotonic() - self._looked >= REPORT_S:
            self._look()

    def means(self) -> Dict[str, float]:
        sizes = np.full(self._steps, self._training.batch_size)
        sizes[-1] = self._images - sizes[:-1].sum()
        losses, correct = self._ranks.gathered(self._losses, self._correct)
        loss = losses.double().cpu().numpy() @ sizes / self._images
        return {"loss": float(loss), "train_accuracy": int(correct) / self._images}

    def _look(self) -> None:
        losses = self._losses[: self._done].cpu().numpy()
        bad = np.flatnonzero(~(losses <= EXPLODED))
        if len(bad):
            raise WorkloadError(
                f"the loss became {losses[bad[0]]:.3g} at step {bad[0] + 1} of {self._steps} in epoch "
                f"{self._epoch + 1} of {self._training.epochs}: the training has diverged and stops, its last "
                f"checkpoint is kept; try a learning rate below {self._training.lr:g}"
            )
        self._report(
            epoch=self._epoch,
            epochs=self._training.last_epoch,
            step=self._done,
            steps=self._steps,
            loss=float(losses[-1]),
        )
        self._looked = time.monotonic()
