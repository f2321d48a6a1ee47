"""One of two ranks that train a network for an epoch: started by torch's launcher, for test_ranks.py."""

import sys
from pathlib import Path

import torch

from tests.workloads.halves import TRAINING, batches, state
from workloads.ranks import joined
from workloads.tickets import channel_mask
from workloads.training import train_epoch


def main(folder):
    torch.set_num_threads(1)
    with joined(2) as ranks:
        trained = state()
        trained.ranks = ranks
        row = train_epoch(trained, batches(), TRAINING, lambda **progress: None)
        mask = [torch.from_numpy(layer) for layer in channel_mask(trained.model.gammas(), 0.5)]
        kept = {"model": trained.model.state_dict(), "mask": mask, "row": row}
        torch.save(kept, str(Path(folder) / f"rank-{ranks.index}.pt"))


if __name__ == "__main__":
    main(sys.argv[1])
