"""SNIP: prune single weights before training, by how much the loss of one batch depends on each of them.

Lee et al., ICLR 2019.  The score of a weight is |weight * gradient|, the derivative of the loss by switching the
connection off, up to sign.  The mask is unstructured: training costs what dense training costs.
"""

from typing import List

from workloads import WorkloadError
from workloads.job import Charge, Draw, Job


def recipe(job: Job, *, ratio: float = 0.5, scoring: str = "") -> List[Charge]:
    """Prune the share `ratio` of all weights of convolutions and linear layers, then train once.

    `scoring`: the initial weights themselves are scored; with "xavier" a copy that is initialised anew for scoring,
    so that layers are compared at equal variance.
    """
    if scoring not in ("", "xavier"):
        raise WorkloadError(f"no scoring {scoring!r}; there are: '' (the initial weights) and 'xavier'")
    return [Charge(job.training("train", score=Draw(ratio, rule="end", by="sensitivity", variant=scoring)))]
