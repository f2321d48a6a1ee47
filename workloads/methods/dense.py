"""Dense training: the whole network from its initial weights to the end, what every saving is measured against."""

from typing import List

from workloads.job import Charge, Job


def recipe(job: Job, *, sparsity: float = 0.0) -> List[Charge]:
    """Train once; `sparsity` is the L1 factor on BatchNorm scales."""
    return [Charge(job.training("train", sparsity=sparsity))]
