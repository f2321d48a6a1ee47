"""ThiNet: cut the channels whose absence the next layer notices least, layer by layer, rescale the rest, fine-tune.

Luo et al., ICCV 2017 (discard greedily) and TPAMI 2019 (add greedily).  The published totals are those of training,
pruning everything and fine-tuning as long again: that is done here, without the original's short fine-tuning after
each layer.
"""

from typing import List

from workloads.job import Charge, Draw, Job, Source
from workloads.records import one_of

SELECTIONS = ("discard", "add")


def recipe(job: Job, *, ratio: float = 0.5, selection: str = "discard", align: int = 1) -> List[Charge]:
    """Prune the share `ratio` of the channels of each layer; `align` pads what is left to a multiple.

    `selection`: "discard" channels one by one as published first, or "add" them as in the journal version.
    """
    one_of("selection", selection, SELECTIONS)
    draw = Draw(ratio, rule="end", by="reconstruction", variant=selection)
    train = job.training("train", draws=(draw,))
    return [Charge(train, until=draw), Charge(job.training("finetune", source=Source(train, draw), align=align))]
