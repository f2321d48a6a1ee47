"""Early-Bird tickets: search until the channel mask stops moving, prune, and train on only what is left.

You et al., ICLR 2020, Algorithm 1.
"""

from typing import Any, List, Optional, Sequence, Tuple, Union

from workloads import auto
from workloads.job import Charge, Draw, Job, Source
from workloads.records import one_of

PRECISIONS = ("fp32", "lf", "ll")


def recipe(
    job: Job,
    *,
    ratio: Union[float, str] = 0.5,
    rule: str = "consecutive",
    window: int = 5,
    epsilon: float = 0.1,
    at: Optional[int] = None,
    sparsity: float = 1e-4,
    inherit: bool = True,
    continues: bool = True,
    search_epochs: Optional[int] = None,
    search_lr: Optional[float] = None,
    search_milestones: Tuple[int, ...] = (),
    precision: str = "fp32",
    eight_bits: str = "block8",
    swa_start: Optional[int] = None,
    align: int = 1,
    grid: Sequence[float] = (0.3, 0.5, 0.7),
    max_drop: float = 0.01,
    trial_epochs: int = 3,
    joules_per_epoch: Sequence[Tuple[float, float]] = (),
) -> List[Charge]:
    """Prune the share `ratio` of all channels once the mask has settled: `rule`, `window` and `epsilon` as `Detector`.
    With the rule "epoch" the ticket is drawn after `at` epochs, whatever the mask does.

    `sparsity` is the L1 factor on BatchNorm scales before and after.  A ticket not drawn after `search_epochs` (None:
    all) is drawn then.  `search_lr` is the search's learning rate from the first epoch on, decayed at
    `search_milestones` (None: the job's schedule).

    With `inherit` retraining takes the weights along and goes on where the search stopped, to the job's last epoch;
    without it (re-init) it takes all epochs from fresh weights.  Without `continues` it takes all epochs with the
    weights of the ticket, as in Figure 1.  `align` pads the ticket's widths to a multiple.

    `precision` is "fp32", "lf" (search in `eight_bits`, "block8" or "wage8"; retraining in FP32) or "ll" (both in
    eight bits): there retraining takes all epochs with the weights of the ticket, as the published totals imply.
    `swa_start` is the epoch from whose end on an eight-bit training's weights are averaged.

    Ours, and not the paper's: with `ratio` "auto" each ticket of the `grid` is retrained for `trial_epochs`.  Of those
    that lose at most `max_drop` of validation accuracy (0.01 = one point) the cheapest, as a rule the largest ratio,
    is trained to the end.  What is left to be trained is compared in FLOPs, or in joules where `joules_per_epoch`
    holds a pair (ratio, J) for each ratio.
    """
    one_of("precision", precision, PRECISIONS)
    searching, retraining = (eight_bits if precision in kinds else job.precision for kinds in (("lf", "ll"), ("ll",)))
    schedule = {} if search_lr is None else {"lr": search_lr, "milestones": search_milestones}

    def row(share: Any) -> List[Charge]:
        draw = Draw(share, rule, window, epsilon, at=at)
        search = job.training(
            "search", sparsity=sparsity, draws=(draw,), search_epochs=search_epochs, precision=searching, **schedule
        )
        retrain = job.training(
            "retrain",
            sparsity=sparsity,
            source=Source(search, draw),
            inherit=inherit,
            start=None if inherit and continues and precision == "fp32" else 0,
            precision=retraining,
            swa_start=swa_start if precision == "ll" else None,
            align=align,
        )
        return [Charge(search, until=draw), Charge(retrain)]

    if ratio != auto.AUTO:
        return row(ratio)
    return auto.charges([row(share) for share in sorted(grid)], trial_epochs, max_drop, joules_per_epoch)
