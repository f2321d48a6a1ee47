"""The Lottery Ticket: train, keep the largest weights, rewind them to their initial values, train again under the mask.

Frankle & Carbin, ICLR 2019; one-shot and global over all convolutions, as Liu et al., ICLR 2019, prune weights.  The
mask is unstructured: retraining costs what dense training costs.
"""

from typing import List

from workloads import WorkloadError
from workloads.job import Charge, Draw, Job, Source


def recipe(job: Job, *, ratio: float = 0.5, rounds: int = 1) -> List[Charge]:
    """Prune the share `ratio` of all convolution weights, in as many `rounds` of training as asked for.

    In each round the same share of what is left is pruned.
    """
    if rounds < 1:
        raise WorkloadError(f"rounds is {rounds}: without a round nothing is pruned, so it must be 1 or more")
    charges, training = [], job.training("train")
    for number in range(1, rounds + 1):
        pruned = ratio if number == rounds else 1 - (1 - ratio) ** (number / rounds)
        draw = Draw(pruned, rule="end", by="magnitude")
        charges.append(Charge(training.with_draws([draw]), until=draw))
        training = job.training("retrain", source=Source(training, draw))
    return charges + [Charge(training)]
