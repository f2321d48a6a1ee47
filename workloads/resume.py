"""Where an interrupted training goes on: its last checkpoint, or the one before where the last is not whole."""

from typing import Callable, Optional

from workloads import WorkloadError, checkpoint
from workloads.augment import Batches
from workloads.job import Training
from workloads.store import Store
from workloads.training import State


def resumed(store: Store, training: Training, batches: Batches, report: Callable) -> Optional[State]:
    """The state of the newest checkpoint that is whole, None where no epoch was committed; `report` is told a warning.

    Where no checkpoint is whole, what is wrong with the last one raises; so does one for another number of classes.
    """
    refused = None
    for back in (0, 1):
        file = store.checkpoint(back)
        if file is None:
            continue
        try:
            with file:
                state = checkpoint.read(file, training, batches.device)
        except checkpoint.Unusable as error:
            refused = refused or error
            continue
        if refused:
            report(
                warning=f"the last checkpoint {refused.reason} and is not used: the training goes on from the one "
                f"before it, after epoch {state.epochs_done}"
            )
        return _fitting(state, training, batches)
    if refused:
        raise refused
    return None


def _fitting(state: State, training: Training, batches: Batches) -> State:
    if state.model.num_classes != batches.classes:
        raise WorkloadError(
            f"this training was begun with {state.model.num_classes} classes, and {training.dataset} has "
            f"{batches.classes} now: put the data back as it was, or start again with another --out"
        )
    return state
