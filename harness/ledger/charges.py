"""What a table row costs: the energy, time and FLOPs of the stages that it is charged, up to its own draw."""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from harness.errors import UserError
from harness.ledger.energies import Reading
from harness.ledger.flops import training_flops
from harness.ledger.stage import StageRun
from workloads.job import JOINT, UNDETECTED

ROUNDING = 1e-9  # of the gross energy: a smaller difference is none
HEADLINE = ("search", "detect", "score", "prune", "train", "retrain", "finetune")
APART = ("evaluate", "checkpoint")


class Part(NamedTuple):
    """Own energy and time of one phase of a row; epochs count as the phase they are in."""

    phase: str
    joules: Optional[float]
    seconds: float


class CellEnergy(NamedTuple):
    """The energy of a row on one meter.  `headline_J` = search + detect + score + prune + train + retrain + finetune.

    `net_J` is the headline without the idle power that the same attempts showed before their work.  A figure that
    samples do not cover is None, and `reasons` says why.  `emulated`: part of it was computed in a precision that the
    hardware does not have, so that its joules are not those of that precision.  `throttled`: the machine slowed itself
    down in part of it.
    """

    cell: str
    meter: str
    boundaries: Tuple[str, ...]
    simulated: bool
    headline_J: Optional[float]
    net_J: Optional[float]
    seconds: float
    parts: Tuple[Part, ...]
    lost_J: Optional[float]
    held_s: float
    shared: bool
    resumed: bool
    fired: Optional[bool]
    emulated: bool
    reasons: Tuple[str, ...]
    throttled: bool = False
    calibrations: Tuple[str, ...] = ()  # files that its readings were corrected by

    @property
    def mean_W(self) -> Optional[float]:
        return self.headline_J / self.seconds if self.headline_J is not None and self.seconds > 0 else None


def charge(
    cell: Mapping[str, Any], runs: Mapping[str, StageRun], meter: Optional[str] = None, shared: Sequence[str] = ()
) -> CellEnergy:
    """The energy of a row of cells.json; `runs`: stage name to its run, `shared`: stages that serve other rows too.

    `meter` None is the headline meter of the row's first stage.
    """
    stages = [(item, runs[item["stage"]]) for item in cell["charges"]]
    name = meter or next((run.meters[0] for _, run in stages if run.meters), "")
    readings = [(run, charged(item, run, name)) for item, run in stages]
    counted = [reading for _, part in readings for reading in part]
    headline = [reading for reading in counted if phase_of(reading) in HEADLINE]
    net = [_net(run, [r for r in part if phase_of(r) in HEADLINE], name) for run, part in readings]
    lost = [reading for _, run in stages for reading in run.energies(name) if _is_lost_part(reading)]
    missing = absent(stages)
    remedy = [] if missing else again(unrecorded(stages, name))
    return CellEnergy(
        cell["id"],
        name,
        tuple(sorted({b for _, run in stages for b in run.boundaries(name)})),
        any(run.simulated(name) for _, run in stages),
        None if missing else total([reading.own_joules for reading in headline]),
        None if missing else total([joules for joules, _ in net]),
        sum(reading.own_seconds for reading in headline),
        _parts(counted),
        total([reading.joules for reading in lost]),
        sum(reading.held_s for reading in headline),
        any(item["stage"] in shared for item, _ in stages),
        any(run.resumed for _, run in stages),
        fired(cell, runs),
        any(run.emulated for _, run in stages),
        _sentences(missing + [r.own_reason for r in counted + lost] + [reason for _, reason in net] + remedy),
        any(run.slowed(r.window) for run, part in readings for r in part if phase_of(r) in HEADLINE),
        _calibrations([run for _, run in stages], name),
    )


def _calibrations(runs: Sequence[StageRun], meter: str) -> Tuple[str, ...]:
    found = [run.calibration(meter) for run in runs]
    return tuple(dict.fromkeys(one.name for one in found if one is not None))


def unrecorded(stages: Sequence[Tuple[Mapping[str, Any], StageRun]], meter: str) -> List[StageRun]:
    """Stages of which a meter missed a part that counts."""
    return [
        run
        for item, run in stages
        if meter and any(r.own_joules is None for r in charged(item, run, meter) if phase_of(r) in HEADLINE)
    ]


def again(runs: Sequence[StageRun]) -> List[Optional[str]]:
    """What to do about stages that are over, so that no call of the study runs them again by itself."""
    return [
        "stage {} is over: to measure it again, move {} away and repeat the command of the run".format(
            run.name, run.rep.folder
        )
        for run in runs
        if run.complete
    ]


def fired(cell: Mapping[str, Any], runs: Mapping[str, StageRun]) -> Optional[bool]:
    """Whether the row's own early bird fired; None where the row has no detector."""
    draws = [_draw(runs[item["stage"]], key) for item in cell["charges"] for key in draw_keys(item)]
    flags = [draw["fired"] for draw in draws if draw and draw["rule"] not in UNDETECTED]
    return all(flags) if flags else None


def epochs(item: Mapping[str, Any], run: StageRun) -> Optional[int]:
    """Epochs of a stage that a charge pays for; None while the stage has no result."""
    if not run.result:
        return None
    if "epochs" in item:
        return int(item["epochs"])
    start, stop = run.result["epochs_run"]
    return (_drawn_by(item, run) or stop) - start


def flops(cell: Mapping[str, Any], runs: Mapping[str, StageRun], rounded: bool = False) -> Optional[float]:
    """Training FLOPs of a row by the published accounting; None while a stage is unfinished."""
    flop = 0.0
    for item in cell["charges"]:
        run = runs[item["stage"]]
        count = epochs(item, run)
        if count is None:
            return None
        flop += training_flops(run.result, count, rounded)
    return flop


def draw_keys(item: Mapping[str, Any]) -> List[str]:
    """The draws that a charge waits for: none, one, or all of a grid."""
    return item["until"].split(JOINT) if item["until"] else []


def _drawn_by(item: Mapping[str, Any], run: StageRun) -> Optional[int]:
    """Epochs done when all that a charge waits for was drawn; None where it waits for nothing, or has no result."""
    return max((_draw(run, key)["epoch"] for key in draw_keys(item) if run.result), default=None)


def _draw(run: StageRun, key: str) -> Dict[str, Any]:
    if not run.result:
        return {}
    draws = run.result.get("draws") or {}
    if key not in draws:
        raise UserError(
            "stage {} drew no ticket {!r}; it drew: {}".format(run.name, key, ", ".join(sorted(draws)) or "none")
        )
    return draws[key]


def charged(item: Mapping[str, Any], run: StageRun, meter: str) -> List[Reading]:
    """The readings of the role phase that the row pays for, or shows apart; none of a profile, which trains nothing."""
    if "epochs" in item:
        return []
    limit = _drawn_by(item, run)
    return [
        reading
        for reading in run.energies(meter)
        if reading.window.role == item["role"]
        and not reading.window.lost
        and _before(reading, limit)
        and _own_detector(item, reading)
    ]


def _before(reading: Reading, limit: Optional[int]) -> bool:
    window = reading.window
    if limit is None:
        return True
    if window.epoch is None:
        return window.phase not in (window.role, "checkpoint")
    return window.epoch < limit


def _own_detector(item: Mapping[str, Any], reading: Reading) -> bool:
    """Alone, a row would have run no detector but its own."""
    return reading.window.phase != "detect" or reading.window.notes.get("draw") in [None] + draw_keys(item)


def phase_of(reading: Reading) -> str:
    """The phase that a reading counts as: epochs count as the training they are in."""
    window = reading.window
    return window.role or window.phase if window.phase == "epoch" else window.phase


def _is_lost_part(reading: Reading) -> bool:
    return reading.window.lost and reading.window.phase == reading.window.role


def _parts(counted: Sequence[Reading]) -> Tuple[Part, ...]:
    order = HEADLINE + APART
    phases: Dict[str, List[Reading]] = {}
    for reading in counted:
        phases.setdefault(phase_of(reading), []).append(reading)
    names = sorted(phases, key=lambda name: (order.index(name) if name in order else len(order), name))
    return tuple(
        Part(name, total([r.own_joules for r in phases[name]]), sum(r.own_seconds for r in phases[name]))
        for name in names
    )


def _net(run: StageRun, headline: Sequence[Reading], meter: str) -> Tuple[Optional[float], Optional[str]]:
    """Joules above idle, attempt by attempt, and the reason where there is no figure."""
    net_J = whole_J = 0.0
    for number in sorted({reading.window.attempt for reading in headline}):
        idle_W = run.idle_W(meter, number)
        gross = total([r.own_joules for r in headline if r.window.attempt == number])
        if gross is None:
            return None, None
        if idle_W is None:
            return None, "attempt {} of stage {} shows no idle power".format(number, run.name)
        whole_J += gross
        net_J += gross - idle_W * sum(r.own_seconds for r in headline if r.window.attempt == number)
    if abs(net_J) < ROUNDING * whole_J:
        net_J = 0.0
    return (net_J, None) if headline else (None, None)


def total(joules: Sequence[Optional[float]]) -> Optional[float]:
    """None when a part is missing; a sum without it would be a smaller number, not an approximation."""
    known = [part for part in joules if part is not None]
    return sum(known) if len(known) == len(joules) else None


def absent(stages: Sequence[Tuple[Mapping[str, Any], StageRun]]) -> List[Optional[str]]:
    """What keeps a row from having a figure at all: stages without a result, epochs without a record."""
    over = [(item, run) for item, run in stages if run.result]
    unfinished = ["stage {} is not finished".format(run.name) for _, run in stages if not run.result]
    profiles = [run.name for item, run in over if "epochs" in item]
    composed = ["{} is a profile: its energy is composed, not metered".format(name) for name in profiles]
    missing = [_missing_epochs(item, run) for item, run in over if "epochs" not in item]
    return [sentence for sentence in unfinished + composed + missing if sentence]


def _missing_epochs(item: Mapping[str, Any], run: StageRun) -> Optional[str]:
    start, count = run.result["epochs_run"][0], epochs(item, run) or 0
    recorded = {w.epoch for w in run.windows() if w.phase == "epoch" and not w.lost}
    missing = [str(epoch) for epoch in range(start, start + count) if epoch not in recorded]
    return "stage {} has no record of epoch {}".format(run.name, ", ".join(missing)) if missing else None


def _sentences(found: Sequence[Optional[str]]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))
