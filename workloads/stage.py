"""One training from its source to its result: EB Train's Algorithm 1, and every other training as a part of it.

You et al., ICLR 2020, Algorithm 1: train; after each epoch compute the mask and its distance from the last one, until
the distances stay small; then prune, and train on what is left.
"""

from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Union

import numpy as np
import torch

from workloads import checkpoint, choosing, data, detection, draws, outcome, pruning, resume, ticket_file, windows
from workloads.augment import Batches
from workloads.averaging import averaged
from workloads.detection import Drawn, Search, per_layer
from workloads.evaluation import accuracy
from workloads.job import UNDETECTED, Draw, Training
from workloads.memory import enough_for
from workloads.phases import synchronised, unmeasured
from workloads.ranks import ALONE, Ranks
from workloads.store import Store
from workloads.ticket_file import Ticket
from workloads.training import State, begin, epochs, train_epoch, warm_up


def execute(
    training: Training,
    *,
    store: Store,
    sources: Mapping[Training, Store],
    phase: Callable = unmeasured,
    report: Callable = lambda **progress: None,
    data_dir: Optional[str] = None,
    window_s: float = 0.0,
    device: Union[str, torch.device, None] = None,
    ranks: Ranks = ALONE,
) -> Dict[str, Any]:
    """Run a training, or what is left of it, and return its JSON-able result; accuracies are shares, 0..1.

    `store` holds its checkpoint and tickets, `sources` the stores of the trainings that tickets come from.
    `report` is told epoch, epochs, step, steps and loss now and then.  Detection is repeated for `window_s` at the end.
    Of several `ranks` that train it together only the first evaluates, writes and has a result.
    """
    device = torch.device(device or ranks.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    ranks.check(training)
    store = ranks.store(store)
    phase = synchronised(phase, device)
    with _repeatable(device), enough_for(f"training {training.model}", training.batch_size):
        if training.windows:
            images = partial(_batches, training, data_dir, device)
            return windows.execute(
                training, store=store, phase=phase, report=report, load=images, device=device, window_s=window_s
            )
        with phase("load"):
            warm_up()
            batches = _batches(training, data_dir, device)
            state = resume.resumed(store, training, batches, report) or _fresh(training, batches)

        with phase(training.role):
            if state is None:
                with phase("prune"):
                    state = _started(training, sources, batches)
            elif training.score is not None and not state.connections:
                with phase("score"):
                    pruning.connect(state, _scored(training.score, state, training, batches, store, ranks))
            training, state.ranks = training.begun_at(state.start), ranks
            sizes, others = state.layer_sizes, {}
            searches = detection.searches(training.draws, state.gammas, sizes, training.last_epoch)
            for epoch in epochs(state, training, enough=lambda: _all_drawn(searches)):
                with phase("epoch", epoch=epoch) as note:
                    row = train_epoch(state, batches, training, report)
                    note(**row)
                    for search in searches:
                        if search.due(state.epochs_done):
                            with phase("detect", draw=search.draw.key):
                                search.update(per_layer(state.gammas[-1], sizes), state.epochs_done)
                                if search.draw.by and ranks.first:
                                    others[search.draw] = draws.ticket(search.draw, state.model, training, batches)
                    if not ranks.first:
                        continue
                    with phase("evaluate") as note:
                        found = _evaluated(state, training, batches)
                        row.update(found)
                        note(**found)
                with phase("checkpoint"):
                    _keep(store, state, training, searches, others)
            ranks.wait()
            if not ranks.first:
                return {}
            if not state.history:
                with phase("evaluate") as note:
                    found = _evaluated(state, training, batches)
                    state.history.append(dict(found, loss=None))
                    note(**found)
                with phase("checkpoint"):
                    _keep(store, state, training, searches, others)

        return {
            "epochs_run": [state.start, state.epochs_done],
            "images": batches.count,
            "classes": batches.classes,
            "batch_size": training.batch_size,
            **outcome.accuracies(state),
            **outcome.choice(state),
            **outcome.network(state, training, batches),
            "draws": outcome.tickets(state, searches, store),
            **_detection(state, searches, window_s, phase),
        }


def _batches(training: Training, data_dir: Optional[str], device: torch.device) -> Batches:
    images = data.load(training.dataset, training.limit, data_dir)
    if training.holdout:
        images = images.held_out(training.holdout)
    return images.batches(device, training.augment)


def _fresh(training: Training, batches: Batches) -> Optional[State]:
    """A training of the whole network from its initial weights; None where it starts from another one."""
    if training.sources:
        return None
    return begin(pruning.fresh(training, batches.classes), training, training.start or 0, {}, batches.device)


def _scored(score: Draw, state: State, training: Training, batches: Batches, store: Store, ranks: Ranks) -> Ticket:
    """The ticket drawn from the initial weights, on every rank the one that the first has drawn."""
    if ranks.first:
        drawn = draws.ticket(score, state.model, training, batches)
        ticket = pruning.signed(drawn, training, score, Drawn(0, True, None), None)
        store.save(ticket_file.name(score), partial(ticket_file.write, ticket=ticket))
    ranks.wait()
    return pruning.saved_ticket(score, store)


def _started(training: Training, sources: Mapping[Training, Store], batches: Batches) -> State:
    return (choosing.begun if training.choice else _pruned)(training, sources, batches)


def _pruned(training: Training, sources: Mapping[Training, Store], batches: Batches) -> State:
    """A training of the source's ticket, from the epoch of the draw where no other start is asked for."""
    assert training.source is not None
    ticket = pruning.saved_ticket(training.source.draw, sources[training.source.training])
    start = ticket.provenance["epoch"] if training.start is None else training.start
    model = pruning.pruned(training, ticket, batches.classes)
    state = begin(model, training, start, ticket.provenance, batches.device)
    pruning.connect(state, ticket)
    return state


def _evaluated(state: State, training: Training, batches: Batches) -> Dict[str, Optional[float]]:
    """Accuracies after an epoch: on test images, on those held out, and of the mean weights at the end."""
    tested = accuracy(state.model, batches.test(training.batch_size))
    found: Dict[str, Optional[float]] = {"accuracy": tested.top1}
    if tested.top5 is not None:
        found["accuracy_top5"] = tested.top5
    held_out = batches.validation(training.batch_size)
    if held_out is not None:
        found["validation"] = accuracy(state.model, held_out).top1
    if state.average.count and state.epochs_done == training.last_epoch:
        seen = batches.train(training.seed, state.epochs_done, training.batch_size)
        mean = averaged(pruning.copied(state.model), state.average, seen)
        found["accuracy_swa"] = accuracy(mean, batches.test(training.batch_size)).top1
    return found


def _all_drawn(searches: List[Search]) -> bool:
    return bool(searches) and all(search.drawn for search in searches)


def _keep(
    store: Store, state: State, training: Training, searches: List[Search], others: Mapping[Draw, Ticket]
) -> None:
    """Save what the epoch has yielded, the checkpoint last: once that is there, all of it is."""
    for draw, drawn in [(search.draw, search.drawn) for search in searches]:
        if drawn and drawn.epoch == state.epochs_done:
            ticket = others[draw] if drawn.mask is None else pruning.ticket_of(state.model, drawn.mask)
            ticket = pruning.signed(ticket, training, draw, drawn, outcome.validation_best(state))
            store.save(ticket_file.name(draw), partial(ticket_file.write, ticket=ticket))
    if state.gammas and (_all_drawn(searches) or state.epochs_done == training.last_epoch):
        store.save("tickets/gammas.npz", lambda file: np.savez(file, gammas=state.gammas, sizes=state.layer_sizes))
    if training.trial_epochs is not None and state.epochs_done == training.last_epoch:
        store.save(choosing.ENDED, lambda file: checkpoint.write(file, state))
    store.commit(state.epochs_done, lambda file: checkpoint.write(file, state))


def _detection(state: State, searches: List[Search], window_s: float, phase: Callable) -> Dict[str, Any]:
    """The cost of following one mask, where masks are followed; a detector's before that of a draw at the end."""
    followed = sorted((s.draw for s in searches if not s.draw.by), key=lambda draw: draw.rule in UNDETECTED)
    if not followed:
        return {}
    gammas = per_layer(state.gammas[-1], state.layer_sizes)
    return {"detection": detection.overhead(followed[0], gammas, window_s, phase)}


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """The same kernels, in the same order of summation, in every run."""
    if device.type != "cuda":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
