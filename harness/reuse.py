"""Trainings that another study has finished already: what draws more tickets serves whoever asks for fewer."""

from typing import Dict, List, Optional

from harness import rundir
from harness.errors import UserError
from harness.ledger.stage import StageRun
from harness.plan import Plan, stage_name
from workloads import WorkloadError
from workloads.job import Training


def reusing(plan: Plan, board: rundir.Machine) -> Plan:
    """The plan with the finished stages of other studies in the place of its own ones.

    A stage is replaced by one that is the same but for its draws, has all of its draws and has trained as long; one of
    its own that was begun already stays.
    """
    numbers = range(1, plan.study.repetitions + 1)
    finished: Dict[Training, List[Training]] = {}
    for training in _finished(board):
        finished.setdefault(training.without_draws(), []).append(training)
    stages = []
    for stage in plan.stages:
        begun = any(board.rep(stage_name(stage), number).manifest.exists() for number in numbers)
        others = [] if begun else finished.get(stage.without_draws(), [])
        serving = [one for one in others if set(stage.draws) <= set(one.draws) and _trains_as_long(one, stage)]
        whole = [one for one in serving if all(board.rep(stage_name(one), number).complete for number in numbers)]
        stages.append(whole[0] if whole else stage)
    return plan._replace(stages=tuple(stages))


def _trains_as_long(one: Training, stage: Training) -> bool:
    """A training without draws goes to its end; so does one with a draw at the end."""
    to_its_end = not one.draws or any(draw.rule == "end" for draw in one.draws)
    return bool(stage.draws) or to_its_end


def _finished(board: rundir.Machine) -> List[Training]:
    """Trainings whose first repetition is complete."""
    reps = [rundir.Rep(folder) for folder in rundir.reps(board.folder) if folder.name == "rep-1"]
    found = [_asked(rep) for rep in reps if rep.complete]
    return [training for training in found if training is not None]


def _asked(rep: rundir.Rep) -> Optional[Training]:
    """What a stage was asked for; None where it is damaged or of another version, which is no stage to rely on."""
    try:
        training = Training.from_dict(StageRun.open(rep.folder).manifest["full"])
    except (UserError, WorkloadError, KeyError, TypeError):
        return None
    return training if stage_name(training) == rep.folder.parent.name else None
