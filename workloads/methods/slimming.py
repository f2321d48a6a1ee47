"""Network slimming: train to the end under L1 on BatchNorm scales, prune the smallest channels, fine-tune the rest.

Liu et al., ICCV 2017.  The dense part is the search of EB Train that never stops, so that one stage serves both.
"""

from typing import List

from workloads.job import Charge, Draw, Job, Source


def recipe(job: Job, *, ratio: float = 0.5, sparsity: float = 1e-4, align: int = 1) -> List[Charge]:
    """Prune the share `ratio` of all channels; `sparsity` is the L1 factor before and after.

    `align` pads what is left of each layer to a multiple.  Fine-tuning takes as many epochs as the training, on the
    same schedule: what the published totals imply.
    """
    draw = Draw(ratio, rule="end")
    search = job.training("search", sparsity=sparsity, draws=(draw,))
    finetune = job.training("finetune", sparsity=sparsity, source=Source(search, draw), align=align)
    return [Charge(search, until=draw), Charge(finetune)]
