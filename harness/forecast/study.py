"""Time and energy of a study before it has run: of each row, as it would cost alone, and of all that will run."""

from dataclasses import replace
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from harness import rundir
from harness.finder import CASES, Finder
from harness.forecast.each import Each, Epochs
from harness.forecast.flops import Networks, images
from harness.forecast.observed import Observed
from harness.ledger.rows import StudyRuns
from harness.plan import Cell, Plan, stage_name
from workloads.job import Charge, Training

MEASURED = "measured"


class Range(NamedTuple):
    """A quantity between two bounds: a bracket of what may come, no confidence interval."""

    low: float
    likely: float
    high: float

    def __add__(self, other: Any) -> "Range":
        return Range(*(one + another for one, another in zip(self, other)))

    def times(self, factor: float) -> "Range":
        return Range(*(factor * value for value in self))


NOTHING = Range(0.0, 0.0, 0.0)


class Forecast(NamedTuple):
    """J and s of one thing, each None where a part of it can't be told, and what that rests on."""

    name: str
    joules: Optional[Range]
    seconds: Optional[Range]
    rests_on: str


class Forecasts(NamedTuple):
    """Of a study: its rows, the stages that are to be run, and both summed up.

    `left` is the part of the total that has not been done yet; `epochs`: of each stage what one takes, by name.
    """

    cells: List[Forecast]
    stages: List[Forecast]
    total: Forecast
    left: Forecast
    epochs: Dict[str, Each]


def forecast(
    plan: Plan, finder: Finder, machine: rundir.Machine, observed: Sequence[Observed], overhead_s: float
) -> Forecasts:
    """The full form of a plan, repetitions included; `overhead_s`: idle, cooldown and the like of each stage.

    `observed`: what epochs have taken on this board (`harness.forecast.observed.board`).
    """
    epochs = Epochs(observed, Networks(finder), finder)
    measured = _measured(machine.study(plan.study.name))
    cells = [measured.get(cell.id) or _cell(plan, cell, epochs, finder) for cell in plan.cells]
    each = {stage_name(stage): _each(plan, stage, epochs) for stage in plan.stages}
    done = {(one.stage, one.repetition): one.done for one in observed if not one.profile}
    stages: List[Forecast] = []
    left: List[Forecast] = []
    for repetition in range(1, plan.study.repetitions + 1):
        for stage in plan.stages:
            name = stage_name(stage)
            over = machine.rep(name, repetition).complete
            counts = {case: _length(plan, stage, finder, case) for case in CASES}
            whole, rest = _stage(name, counts, each[name], done.get((name, repetition), 0), over, overhead_s)
            stages.append(whole)
            left.append(rest)
    return Forecasts(cells, stages[: len(plan.stages)], _total("total", stages), _total("left", left), each)


def _cell(plan: Plan, cell: Cell, epochs: Epochs, finder: Finder) -> Forecast:
    """A row alone, from as early a draw as can be to as late a one, the rest of the schedule following it."""
    each = [epochs.each(cell, charge.training, plan.stage_of(charge)) for charge in cell.charges]
    counts = {case: [finder.epochs(cell, charge, case) for charge in cell.charges] for case in CASES}
    told = [f"epochs {count.told_by}" for count in counts["likely"] if count.told_by in ("published", "assumed")]
    rests_on = _joined([one.rests_on for one in each] + told)
    numbers = {case: [count.epochs for count in found] for case, found in counts.items()}
    return Forecast(
        cell.id, _over([e.joules for e in each], numbers), _over([e.seconds for e in each], numbers), rests_on
    )


def _over(each: Sequence[Optional[Sequence[float]]], counts: Dict[str, List[int]]) -> Optional[Range]:
    """Sums of epochs x what each takes: least and most over all cases."""
    known = [one for one in each if one is not None]
    if len(known) < len(each):
        return None
    sums = {
        case: [sum(n * one[i] for n, one in zip(numbers, known)) for i in range(3)] for case, numbers in counts.items()
    }
    least, most = min(found[0] for found in sums.values()), max(found[2] for found in sums.values())
    return Range(least, sums["likely"][1], most)


def _each(plan: Plan, stage: Training, epochs: Epochs) -> Each:
    cell, charge = _user(plan, stage)
    return epochs.each(cell, charge.training, stage)


def _user(plan: Plan, stage: Training) -> Tuple[Cell, Charge]:
    """The first row that is charged a stage, and its charge."""
    users = ((cell, charge) for cell in plan.cells for charge in cell.charges if plan.stage_of(charge) == stage)
    return next(users)


def _stage(
    name: str, length: Dict[str, int], each: Each, done: int, over: bool, overhead_s: float
) -> Tuple[Forecast, Forecast]:
    """One repetition of a stage from its beginning to its end, and what of it is left: epochs done are certain."""
    left = {case: [0 if over else max(0, count - done)] for case, count in length.items()}
    certain = {case: [done] for case in CASES}
    nothing = not any(count for counts in left.values() for count in counts)
    joules, seconds = (NOTHING if nothing else _over([one], left) for one in (each.joules, each.seconds))
    waits = Range(*(overhead_s,) * 3)
    rest = Forecast(name, joules, seconds if over else _plus(seconds, waits), each.rests_on)
    spent = [_likely(_over([one], certain)) if done else NOTHING for one in (each.joules, each.seconds)]
    rests_on = MEASURED if over else each.rests_on
    return Forecast(name, _plus(joules, spent[0]), _plus(_plus(seconds, spent[1]), waits), rests_on), rest


def _likely(range_: Optional[Range]) -> Optional[Range]:
    return None if range_ is None else Range(*(range_.likely,) * 3)


def _plus(one: Optional[Range], other: Optional[Range]) -> Optional[Range]:
    return None if one is None or other is None else one + other


def _length(plan: Plan, stage: Training, finder: Finder, case: str) -> int:
    """Epochs of a stage: up to the last of its draws, whichever row asks for it."""
    cell, charge = _user(plan, stage)
    if not stage.draws:
        return finder.epochs(cell, Charge(charge.training), case).epochs
    drawn = [finder.drawn_after(cell._replace(ratio=draw.ratio), stage, draw, case).epochs for draw in stage.draws]
    return max(drawn) - (stage.start or 0)


def _total(name: str, stages: Sequence[Forecast]) -> Forecast:
    rests_on = _joined(stage.rests_on for stage in stages)
    return Forecast(name, _sum([one.joules for one in stages]), _sum([one.seconds for one in stages]), rests_on)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def _sum(ranges: Sequence[Optional[Range]]) -> Optional[Range]:
    known = [one for one in ranges if one is not None]
    return sum(known, NOTHING) if len(known) == len(ranges) else None


def _measured(folder: rundir.StudyFolder) -> Dict[str, Forecast]:
    """Rows that were metered to their end: nothing of them is left to be foretold."""
    if not folder.cells.is_file():
        return {}
    found = {}
    for row in StudyRuns.open(folder.folder).rows():
        joules, seconds = row.energy.headline_J, row.energy.seconds
        if joules is not None and row.cell["id"] not in found:
            found[row.cell["id"]] = Forecast(row.cell["id"], Range(*(joules,) * 3), Range(*(seconds,) * 3), MEASURED)
    return found


def profile_seconds(
    plan: Any, finder: Finder, observed: Sequence[Observed], overhead_s: float, window_s: float
) -> Optional[Range]:
    """The time of running a profile (`harness.profile.ProfilePlan`): a warm-up and windows of each of its stages.

    `overhead_s` and `window_s` as of a full run's stages; None where nothing tells what an iteration takes.
    """
    epochs = Epochs(observed, Networks(finder), finder)
    users: Dict[Training, Tuple[Cell, Training]] = {}
    for cell in plan.cells:
        for share, charge in zip(cell.shares, cell.cell.charges):
            for stage in filter(None, (share.stage, share.twin)):
                users.setdefault(stage, (cell.cell, replace(charge.training, precision=stage.precision)))
    total = NOTHING
    for stage in plan.stages:
        cell, training = users[stage]
        each, count = epochs.each(cell, training, stage), images(training)
        if each.seconds is None or not count:
            return None
        iteration = [seconds * min(1.0, training.batch_size / count) for seconds in each.seconds]
        windows = [stage.windows * max(window_s, 30 * one) + max(window_s, 10 * one) for one in iteration]
        total += Range(*(overhead_s + seconds for seconds in windows))
    return total.times(plan.study.repetitions)
