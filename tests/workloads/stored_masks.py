"""What every method draws from stored weights; `python -m tests.workloads.stored_masks` stores both anew."""

from pathlib import Path

import numpy as np
import torch

from workloads import data, draws, quantize
from workloads.job import Draw, Job
from workloads.pruning import fresh
from workloads.tickets import channel_mask, flatten
from workloads.training import begin, train_epoch

FOLDER = Path(__file__).parent.parent / "data" / "masks"
JOB = Job("vgg16", "synthetic", seed=5, width=0.05, limit=60, epochs=4, milestones=(3,), batch_size=20, lr=0.05)
TRAINING = JOB.training("search", sparsity=1e-3)
WAYS = [("magnitude", ""), ("sensitivity", ""), ("sensitivity", "xavier"), ("filters", "")]
WAYS += [("reconstruction", "discard"), ("reconstruction", "add")]


def batches():
    return data.load("synthetic", TRAINING.limit).batches(torch.device("cpu"), augment=True)


def trained():
    """Weights after some epochs, as arrays by name."""
    state = begin(fresh(TRAINING, 10), TRAINING, 0, {}, torch.device("cpu"))
    for _ in range(JOB.epochs):
        train_epoch(state, batches(), TRAINING, lambda **progress: None)
    return {name: values.numpy() for name, values in state.model.state_dict().items()}


def masks(weights):
    """{way to draw: flat bool mask}: channels for those that cut channels, weights for those that cut weights."""
    model = fresh(TRAINING, 10)
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    gammas = model.gammas()
    coarse = [quantize.block_floating_point(gamma, rounding="nearest") for gamma in gammas]
    found = {f"gammas-{ratio}": flatten(channel_mask(gammas, ratio)) for ratio in (0.1, 0.3, 0.5, 0.7)}
    found["gammas-0.5-eight-bits"] = flatten(channel_mask(coarse, 0.5))
    for by, variant in WAYS:
        ticket = draws.ticket(Draw(0.5, rule="end", by=by, variant=variant), model, TRAINING, batches())
        drawn = list(ticket.connections.values()) or ticket.mask
        found["-".join(filter(None, (by, variant)))] = flatten([kept.ravel() for kept in drawn])
    return found


def main():
    torch.set_num_threads(1)
    weights = trained()
    np.savez_compressed(str(FOLDER / "weights.npz"), **weights)
    np.savez_compressed(str(FOLDER / "masks.npz"), **masks(weights))


if __name__ == "__main__":
    main()
