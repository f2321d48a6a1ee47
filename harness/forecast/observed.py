"""What epochs have taken on this board: of every stage below its folder, finished, under way or a profile."""

from typing import List, NamedTuple, Optional, Sequence, Set

from harness import rundir
from harness.errors import UserError
from harness.ledger import composed
from harness.ledger.stage import StageRun
from harness.options import unknown
from workloads import WorkloadError
from workloads.job import Training
from workloads.profile import steady, ticket_draw


class Observed(NamedTuple):
    """Joules and seconds of an epoch of a stage, with the lowest and the highest that were seen.

    `network`: the profile of the network that it trains, None where only its own ticket tells.  `flops` are the
    forward FLOPs of an epoch.  `done`: epochs that are finished, which take nothing any more.
    """

    stage: str
    repetition: int
    training: Training
    network: Optional[Training]
    joules: Optional[Sequence[float]]  # least, mean, most
    seconds: Sequence[float]
    images: Optional[int]
    flops: Optional[float]
    done: int

    @property
    def profile(self) -> bool:
        return bool(self.training.windows)


def board(machine: rundir.Machine, meter: Optional[str] = None) -> List[Observed]:
    """Every stage that has something to tell; `meter` None is the headline meter of each.

    Raises UserError for a meter that none of them has: the joules of another one would pass for its own.
    """
    found: List[Observed] = []
    meters: Set[str] = set()
    for folder in rundir.reps(machine.folder):
        try:
            run = StageRun.open(folder)
            observed = _observed(run, meter)
        except (UserError, WorkloadError, KeyError, TypeError):
            continue  # what is damaged says so when it is run or shown, and foretells nothing
        meters |= set(run.meters)
        found += [observed] if observed is not None else []
    if meter is not None and meters and meter not in meters:
        raise unknown(f"stage below {machine.folder} has a meter", meter, meters)
    return found


def _observed(run: StageRun, meter: Optional[str]) -> Optional[Observed]:
    training = Training.from_dict(run.manifest["full"])
    name = meter if meter in run.meters else (run.meters[0] if run.meters else "")
    found = composed.finished(run, name, bool(training.windows))
    if not found:
        return None
    images = run.result.get("images")
    if training.windows and not images:
        return None
    later = found[1:] if not training.windows and len(found) > 2 else found
    times = [images / r.window.notes["images"] if training.windows else 1.0 for r in later]  # that make an epoch
    joules = [r.own_joules * many for r, many in zip(later, times) if r.own_joules is not None]
    seconds = [r.own_seconds * many for r, many in zip(later, times)]
    forward = run.result.get("forward_flops", {}).get("paper")
    return Observed(
        run.name,
        run.repetition,
        training,
        _network(training),
        _range(joules) if len(joules) == len(later) else None,
        _range(seconds),
        images,
        None if forward is None or not images else float(forward) * images,
        0 if training.windows else len(found),
    )


def _network(training: Training) -> Optional[Training]:
    """What identifies the network and its arithmetic, whatever the number of windows is."""
    if training.windows:
        return steady(training, 1, training.ticket)
    if ticket_draw(training) is not None or training.choice is not None:
        return None
    return steady(training, 1)


def _range(values: Sequence[float]) -> Sequence[float]:
    return min(values), sum(values) / len(values), max(values)
