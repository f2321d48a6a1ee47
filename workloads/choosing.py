"""Which of some trials is trained on, and that training's beginning: the end of the chosen trial."""

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

import torch

from workloads import WorkloadError, checkpoint
from workloads.augment import Batches
from workloads.flops import forward_flops
from workloads.job import Choice, Training
from workloads.store import Store
from workloads.training import State

ENDED = "trial/last.pt"  # what a trial's store calls its state at the end, which outlives its checkpoint
ROUNDING = 1e-9  # accuracies are shares of whole images: a smaller difference is none


class Candidate(NamedTuple):
    """A trial that has ended: validation accuracy when its ticket was drawn and now, and what is left to be paid."""

    ratio: float
    epoch: int
    validation_before: float
    validation_after: float
    cost: float

    @property
    def drop(self) -> float:
        return self.validation_before - self.validation_after


def holds(candidate: Candidate, max_drop: float) -> bool:
    """Whether a candidate has lost little enough."""
    return candidate.drop <= max_drop + ROUNDING


def best(candidates: Sequence[Candidate], max_drop: float) -> int:
    """The number of the cheapest candidate that holds, the larger ratio of equals.

    Where none holds it is the one that has lost least, the smaller ratio of equals.
    """
    numbers = range(len(candidates))
    allowed = [number for number in numbers if holds(candidates[number], max_drop)]
    if allowed:
        return min(allowed, key=lambda number: (candidates[number].cost, -candidates[number].ratio))
    return min(numbers, key=lambda number: (candidates[number].drop, candidates[number].ratio))


def begun(training: Training, sources: Mapping[Training, Store], batches: Batches) -> State:
    """A training that goes on where the best of its trials ended; its origin tells what there was to choose from."""
    assert training.choice is not None
    trials = training.choice.trials
    candidates = [_candidate(training, trial, _ended(trial, sources, batches.device), batches) for trial in trials]
    chosen = best(candidates, training.choice.max_drop)
    state = _ended(trials[chosen], sources, batches.device)
    state.origin = dict(state.origin, choice=_told(training.choice, candidates, chosen))
    state.start, state.history, state.gammas = state.epochs_done, [], []
    return state


def _ended(trial: Training, sources: Mapping[Training, Store], device: torch.device) -> State:
    file = sources[trial].open(ENDED)
    if file is None:
        raise WorkloadError("a trial of the ratios to choose from has not been run yet: run it first")
    with file:
        return checkpoint.read(file, trial, device)


def _candidate(training: Training, trial: Training, state: State, batches: Batches) -> Candidate:
    assert trial.source is not None and training.choice is not None
    ratio, left = trial.source.draw.ratio, training.last_epoch - state.epochs_done
    joules = dict(training.choice.joules)
    each = joules[ratio] if joules else 3 * batches.count * forward_flops(state.model, batches.input_shape, "paper")
    after = max(row["validation"] or 0.0 for row in state.history)
    return Candidate(ratio, state.origin["epoch"], state.origin["validation_best"], after, left * each)


def _told(choice: Choice, candidates: List[Candidate], chosen: int) -> Dict[str, Any]:
    return {
        "ratio": candidates[chosen].ratio,
        "holds": holds(candidates[chosen], choice.max_drop),
        "max_drop": choice.max_drop,
        "candidates": [_row(choice, candidate) for candidate in candidates],
    }


def _row(choice: Choice, candidate: Candidate) -> Dict[str, Any]:
    row = dict(candidate._asdict(), holds=holds(candidate, choice.max_drop))
    row["cost_J" if choice.joules else "cost_FLOPs"] = row.pop("cost")
    return row
