"""Early-Bird tickets: search until the channel mask stops moving, prune, and train on only what is left.

You et al., ICLR 2020, Algorithm 1.
"""

from typing import List, Optional

from workloads.job import Charge, Draw, Job, Source


def recipe(
    job: Job,
    *,
    ratio: float = 0.5,
    rule: str = "consecutive",
    window: int = 5,
    epsilon: float = 0.1,
    sparsity: float = 1e-4,
    inherit: bool = True,
    search_epochs: Optional[int] = None
) -> List[Charge]:
    """Prune the share `ratio` of all channels once the mask has settled: `rule`, `window` and `epsilon` as `Detector`.

    `sparsity` is the L1 factor on BatchNorm scales before and after.  A ticket not drawn after `search_epochs` (None:
    all) is drawn then.  With `inherit` retraining takes the weights along and goes on where the search stopped, to the
    job's last epoch; without it (re-init) it takes all epochs from fresh weights.
    """
    draw = Draw(ratio, rule, window, epsilon)
    search = job.training("search", sparsity=sparsity, draws=(draw,), search_epochs=search_epochs)
    retrain = job.training("retrain", sparsity=sparsity, source=Source(search, draw), inherit=inherit,
                           start=None if inherit else 0)
    return [Charge(search, until=draw), Charge(retrain)]
