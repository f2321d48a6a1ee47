"""The search of Early-Bird tickets and of network slimming by itself, to its end: what Figure 3 looks at.

You et al., ICLR 2020, section 3.3.  Its BatchNorm scales are kept for every epoch, so that the mask of any ratio after
any epoch can be drawn from it later.
"""

from typing import List

from workloads.job import Charge, Job


def recipe(job: Job, *, sparsity: float = 1e-4) -> List[Charge]:
    """Train once under L1; `sparsity` is its factor on BatchNorm scales."""
    return [Charge(job.training("search", sparsity=sparsity))]
