"""One training from its source to its result: EB Train's Algorithm 1, and every other training as a part of it.

You et al., ICLR 2020, Algorithm 1: train; after each epoch compute the mask and its distance from the last one, until
the distances stay small; then prune, and train on what is left.
"""

from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Union

import numpy as np
import torch

from workloads import checkpoint, data, detection, outcome, pruning, ticket_file
from workloads.augment import Batches
from workloads.detection import Search, per_layer
from workloads.evaluation import accuracy
from workloads.job import Source, Training
from workloads.phases import synchronised, unmeasured
from workloads.store import Store
from workloads.training import State, begin, epochs, train_epoch


def execute(
    training: Training,
    *,
    store: Store,
    sources: Mapping[Training, Store],
    phase: Callable = unmeasured,
    report: Callable = lambda **progress: None,
    data_dir: Optional[str] = None,
    window_s: float = 0.0,
    device: Union[str, torch.device, None] = None
) -> Dict[str, Any]:
    """Run a training, or what is left of it, and return its JSON-able result; accuracies are shares, 0..1.

    `store` holds its checkpoint and tickets, `sources` the stores of the trainings that tickets come from.
    `report` is told epoch, epochs, step, steps and loss now and then.  Detection is repeated for `window_s` at the end.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    phase = synchronised(phase, device)
    with _repeatable(device):
        with phase("load"):
            batches = Batches(data.load(training.dataset, training.limit, data_dir), device, training.augment)
            state = _resumed(store, training, device)
            if state is None and training.source is None:
                state = begin(pruning.fresh(training, batches.classes), training, training.start or 0, {}, device)

        with phase(training.role):
            if state is None and training.source is not None:
                with phase("prune"):
                    state = _pruned(training, training.source, sources, batches)
            assert state is not None
            sizes = state.layer_sizes
            searches = detection.searches(training.draws, state.gammas, sizes, training.last_epoch)
            for epoch in epochs(state, training, enough=lambda: _all_drawn(searches)):
                with phase("epoch", epoch=epoch) as note:
                    row = train_epoch(state, batches, training, report)
                    note(**row)
                    for search in searches:
                        if search.due(state.epochs_done):
                            with phase("detect", draw=search.draw.key):
                                search.update(per_layer(state.gammas[-1], sizes), state.epochs_done)
                    with phase("evaluate") as note:
                        row["accuracy"] = accuracy(state.model, batches)
                        note(accuracy=row["accuracy"])
                with phase("checkpoint"):
                    _keep(store, state, training, searches)
            if not state.history:
                with phase("evaluate") as note:
                    state.history.append({"accuracy": accuracy(state.model, batches), "loss": None})
                    note(accuracy=state.history[0]["accuracy"])

        dense = pruning.fresh(training, batches.classes).to(device)
        return {
            "epochs_run": [state.start, state.epochs_done],
            "images": batches.count,
            "batch_size": training.batch_size,
            **outcome.accuracies(state),
            **outcome.network(state, dense, batches.input_shape),
            "draws": outcome.tickets(state, searches),
            **_detection(state, searches, window_s, phase),
        }


def _resumed(store: Store, training: Training, device: torch.device) -> Optional[State]:
    file = store.checkpoint()
    if file is None:
        return None
    with file:
        return checkpoint.read(file, training, device)


def _pruned(training: Training, source: Source, sources: Mapping[Training, Store], batches: Batches) -> State:
    """A training of the source's ticket, from the epoch of the draw where no other start is asked for."""
    ticket = pruning.source_ticket(source, sources[source.training])
    start = ticket.provenance["epoch"] if training.start is None else training.start
    model = pruning.pruned(training, ticket, batches.classes)
    return begin(model, training, start, ticket.provenance, batches.device)


def _all_drawn(searches: List[Search]) -> bool:
    return bool(searches) and all(search.drawn for search in searches)


def _keep(store: Store, state: State, training: Training, searches: List[Search]) -> None:
    """Save what the epoch has yielded, the checkpoint last: once that is there, all of it is."""
    for search in searches:
        if search.drawn and search.drawn.epoch == state.epochs_done:
            ticket = pruning.ticket_of(state, training, search.draw, search.drawn)
            store.save(pruning.ticket_name(search.draw), partial(ticket_file.write, ticket=ticket))
    if _all_drawn(searches) or state.epochs_done == training.last_epoch:
        store.save("tickets/gammas.npz", lambda file: np.savez(file, gammas=state.gammas, sizes=state.layer_sizes))
    store.commit(state.epochs_done, lambda file: checkpoint.write(file, state))


def _detection(state: State, searches: List[Search], window_s: float, phase: Callable) -> Dict[str, Any]:
    if not searches:
        return {}
    gammas = per_layer(state.gammas[-1], state.layer_sizes)
    return {"detection": detection.overhead(searches[0].draw, gammas, window_s, phase)}


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """The same kernels, in the same order of summation, in every run."""
    if device.type != "cuda":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
