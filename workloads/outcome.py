"""What a finished training says of itself: accuracies, network, FLOPs, tickets, what detection cost."""

from typing import Any, Dict, List, Sequence

import numpy as np
from torch import nn

from workloads import surgery
from workloads.detection import Search
from workloads.flops import CONVENTIONS, forward_flops
from workloads.training import State


def accuracies(state: State) -> Dict[str, Any]:
    """Test accuracy after the last epoch and the best after any, shares 0..1, with its absolute epoch index."""
    values = [row["accuracy"] for row in state.history if row["accuracy"] is not None]
    best = int(np.argmax(values))
    return {
        "accuracy_final": values[-1],
        "accuracy_best": values[best],
        "best_epoch": state.start + best if state.epochs_done > state.start else None,
        "loss_final": state.history[-1]["loss"],
    }


def network(state: State, dense: nn.Module, input_shape: Sequence[int]) -> Dict[str, Any]:
    """Size and cost of the network trained, and the cost of the dense one."""
    model = state.model
    return {
        "forward_flops": {name: forward_flops(model, input_shape, name) for name in CONVENTIONS},
        "dense_flops": {name: forward_flops(dense, input_shape, name) for name in CONVENTIONS},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "widths": list(model.widths),
        "gammas": sum(state.layer_sizes),
    }


def tickets(state: State, searches: List[Search]) -> Dict[str, Any]:
    """What was drawn, by the draw's key."""
    return {search.draw.key: _ticket(state, search) for search in searches}


def _ticket(state: State, search: Search) -> Dict[str, Any]:
    assert search.drawn is not None, "a training ends when all is drawn"
    mask, epoch, fired = search.drawn
    return {
        "ratio": search.draw.ratio,
        "rule": search.draw.rule,
        "epoch": epoch,
        "fired": fired,
        "kept": int(sum(kept.sum() for kept in mask)),
        "distances": search.distances,
        "repaired_layers": surgery.plan(state.model, mask).repaired,
    }
