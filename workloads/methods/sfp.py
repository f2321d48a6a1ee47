"""Soft filter pruning: train while the weakest filters are zeroed after every epoch; cut them at the end; fine-tune.

He et al., IJCAI 2018.  Soft pruning costs what dense training costs; fine-tuning as long again is what the published
totals imply.
"""

from typing import List

from workloads.job import Charge, Draw, Job, Source


def recipe(job: Job, *, ratio: float = 0.3, align: int = 1) -> List[Charge]:
    """Prune the share `ratio` of the filters of every convolution; `align` pads what is left to a multiple."""
    draw = Draw(ratio, rule="end", by="filters")
    train = job.training("train", soft=ratio, draws=(draw,))
    return [Charge(train, until=draw), Charge(job.training("finetune", source=Source(train, draw), align=align))]
