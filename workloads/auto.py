"""A ratio that nobody has to name, beyond the paper, which leaves it to future work: ours, and no part of EB Train.

Every ticket of a grid is retrained for a few epochs; the cheapest that has lost little enough validation accuracy is
trained on from there.  The search until the last ticket was drawn and all trials are charged to the row.
"""

from dataclasses import replace
from typing import List, Sequence, Tuple

from workloads import WorkloadError
from workloads.job import Charge, Choice

AUTO = "auto"


def charges(
    pairs: Sequence[Sequence[Charge]], trial_epochs: int, max_drop: float, joules: Sequence[Tuple[float, float]]
) -> List[Charge]:
    """The trainings of a row that chooses its ratio.

    pairs: for each ratio the search up to its draw, and the retraining from that ticket.
    """
    if len(pairs) < 2:
        raise WorkloadError("a grid of one ratio leaves nothing to choose: name that ratio, or give more of them")
    if not all(retrain.training.inherit for _, retrain in pairs):
        raise WorkloadError("a few epochs from fresh weights tell nothing of a ratio: choose it with inherit = true")
    draws = [search.until for search, _ in pairs if search.until is not None]
    search = pairs[0][0].training.with_draws(draws)
    trials = [replace(retrain.training, trial_epochs=trial_epochs) for _, retrain in pairs]
    chosen = replace(
        pairs[0][1].training, source=None, start=None, choice=Choice(tuple(trials), max_drop, tuple(joules))
    )
    return [Charge(search, draws[0], tuple(draws[1:]))] + [Charge(trial) for trial in trials] + [Charge(chosen)]
