"""What a finished training says of itself: accuracies, network, FLOPs, tickets, what detection cost."""

from typing import Any, Dict, List, Optional

import numpy as np

from workloads import surgery
from workloads.augment import Batches
from workloads.connections import share_kept
from workloads.detection import Search
from workloads.flops import CONVENTIONS, forward_flops
from workloads.job import Training
from workloads.pruning import fresh, saved_ticket
from workloads.store import Store
from workloads.training import State


def accuracies(state: State) -> Dict[str, Any]:
    """Test accuracy after the last epoch and the best after any, shares 0..1, with its absolute epoch index.

    With more than five classes also the share whose class is among the five highest scores, after the last epoch.
    With images held out, the best epoch is also chosen by them, and the test accuracy at that epoch told.
    """
    best = _best(state, "accuracy")
    found = {
        "accuracy_final": state.history[-1]["accuracy"],
        "accuracy_best": state.history[best]["accuracy"],
        "best_epoch": state.start + best if state.epochs_done > state.start else None,
        "loss_final": state.history[-1]["loss"],
    }
    if "accuracy_top5" in state.history[-1]:
        found["accuracy_top5_final"] = state.history[-1]["accuracy_top5"]
    if "validation" in state.history[-1]:
        chosen = _best(state, "validation")
        found["validation_best"] = state.history[chosen]["validation"]
        found["accuracy_at_validation_best"] = state.history[chosen]["accuracy"]
    if "accuracy_swa" in state.history[-1]:
        found["accuracy_swa"] = state.history[-1]["accuracy_swa"]
    return found


def validation_best(state: State) -> Optional[float]:
    """The best accuracy so far on images held out, None where none are."""
    return max((row["validation"] or 0.0 for row in state.history if "validation" in row), default=None)


def choice(state: State) -> Dict[str, Any]:
    """What a training that goes on from the best of some trials had to choose from."""
    return {"choice": state.origin["choice"]} if "choice" in state.origin else {}


def _best(state: State, name: str) -> int:
    return int(np.argmax(np.array([row[name] for row in state.history], dtype=float)))


def network(state: State, training: Training, batches: Batches) -> Dict[str, Any]:
    """Size and cost of the network trained, and the cost of the dense one."""
    model = state.model
    whole = model if model.executed == model.full else fresh(training, batches.classes).to(batches.device)
    return {
        "forward_flops": {name: forward_flops(model, batches.input_shape, name) for name in CONVENTIONS},
        "dense_flops": {name: forward_flops(whole, batches.input_shape, name) for name in CONVENTIONS},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "widths": list(model.widths),
        "executed_widths": list(model.executed),
        "connections_kept": share_kept(state.connections) if state.connections else 1.0,
        "gammas": sum(state.layer_sizes),
    }


def tickets(state: State, searches: List[Search], store: Store) -> Dict[str, Any]:
    """What was drawn, by the draw's key."""
    return {search.draw.key: _ticket(state, search, store) for search in searches}


def _ticket(state: State, search: Search, store: Store) -> Dict[str, Any]:
    draw, drawn = search.draw, search.drawn
    assert drawn is not None, "a training ends when all is drawn"
    mask = saved_ticket(draw, store).mask if drawn.mask is None else drawn.mask
    return {
        "ratio": draw.ratio,
        "rule": draw.rule,
        "by": draw.by or "gammas",
        "epoch": drawn.epoch,
        "fired": drawn.fired,
        "kept": int(sum(kept.sum() for kept in mask)),
        "distances": search.distances,
        "repaired_layers": surgery.plan(state.model, mask).repaired,
    }
