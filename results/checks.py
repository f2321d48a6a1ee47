"""Doubts about a study's own results, from its rows and meters: each check returns sentences with their evidence."""

from collections.abc import Callable

import numpy as np

from harness.ledger import StageRun, StudyRuns
from harness.ledger.attachments import attempts_of
from harness.ledger.calibrations import trust
from harness.ledger.energies import HELD_PERIODS
from harness.quantities import kilojoules, significant
from meters.errors import MeterError
from results import machine_checks, metering_checks

IDLE_DRIFT = 0.05


def doubts(study: StudyRuns, energies: metering_checks.Energies | None = None) -> list[str]:
    """Every doubt, each once, in the order of the checks; those that need `energies` (of `results.Study`) last."""
    found = [sentence for check in CHECKS + machine_checks.CHECKS for sentence in check(study)]
    if energies is not None:
        found += [sentence for check in metering_checks.CHECKS for sentence in check(study, energies)]
    return list(dict.fromkeys(found))


def simulated(study: StudyRuns) -> list[str]:
    meters = [meter for meter in study.meters if any(run.simulated(meter) for run in study.runs())]
    return [
        f"The power of meter {meter} is simulated: its joules show that the chain works, not what a board needs."
        for meter in meters
    ]


def unmeasured(study: StudyRuns) -> list[str]:
    """Rows without energy, and why; those of a profile have none to be missed."""
    if study.profiled:
        return []
    found = []
    for meter in study.meters or [""]:
        for row in study.rows(meter):
            if row.energy.headline_J is None:
                found += [f"{row.cell['id']} has no energy: {reason}." for reason in row.energy.reasons]
    return found


def gaps(study: StudyRuns) -> list[str]:
    """Gaps in what a row would show beside its energy; that a record ends a period before a window does is none."""
    found = []
    for meter in study.meters:
        for run in study.runs():
            least_s = HELD_PERIODS * run.meter(meter).get("period_s", 0.0)
            missing = [r for r in run.energies(meter) if r.longest_gap_s > least_s and r.window.stop_ns is not None]
            if missing:
                longest = max(reading.longest_gap_s for reading in missing)
                share = min(reading.coverage for reading in missing)
                found.append(
                    f"Meter {meter} left gaps in stage {run.name}: the longest is {longest:.3g} s, and the window "
                    f"with the least is covered to {100 * share:.1f} %."
                )
    return found


def resumed(study: StudyRuns) -> list[str]:
    found = []
    for row in study.rows():
        if row.energy.resumed:
            found.append(
                f"{row.cell['id']} was interrupted and resumed: its energy is stitched from several attempts, and "
                f"{kilojoules(row.energy.lost_J)} kJ of work that had to be repeated are not in it."
            )
    return found


def held(study: StudyRuns) -> list[str]:
    return [
        f"{row.cell['id']} counts {row.energy.held_s:.3g} s at the end of an attempt that died with its last sample."
        for row in study.rows()
        if row.energy.held_s > 0
    ]


def no_early_bird(study: StudyRuns) -> list[str]:
    return [
        f"No early bird fired for {row.cell['id']}: its ticket was drawn at the end of the search."
        for row in study.rows()
        if row.energy.fired is False
    ]


def emptied(study: StudyRuns) -> list[str]:
    """A ratio that leaves nothing of a layer: less was pruned there than was asked for."""
    return [
        f"The ticket {key} of stage {run.name} leaves no channel in {len(draw['repaired_layers'])} layers "
        f"({', '.join(draw['repaired_layers'])}): each keeps its strongest one, so less was pruned than the ratio says."
        for run in study.runs()
        for key, draw in (run.result.get("draws") or {}).items()
        if draw.get("repaired_layers")
    ]


def idle_drift(study: StudyRuns) -> list[str]:
    """Idle power that differs between stages makes their joules hard to compare: warmer, or something else running."""
    found = []
    for meter in study.meters:
        every = {
            _place(run, attempt.number): run.idle_W(meter, attempt.number)
            for run in study.runs()
            for attempt in run.attempts
        }
        idle = {stage: watts for stage, watts in every.items() if watts is not None}
        if idle and max(idle.values()) - min(idle.values()) > IDLE_DRIFT * max(idle.values()):
            low, high = min(idle, key=idle.__getitem__), max(idle, key=idle.__getitem__)
            found.append(
                f"Idle power on meter {meter} differs between stages: {significant(idle[low], 3)} W before {low}, "
                f"{significant(idle[high], 3)} W before {high}."
            )
    return found


def _place(run: StageRun, attempt: int) -> str:
    again = f" in attempt {attempt}" if len(run.attempts) > 1 else ""
    return f"{run.name} rep {run.repetition}{again}"


def calibrations(study: StudyRuns) -> list[str]:
    """Calibrations that were made in another state, or for all one knows of another meter; and runs that lack one."""
    found = []
    for meter in study.meters:
        runs = [run for run in study.runs() if meter in run.meters]
        for run in runs:
            calibration = run.calibration(meter)
            if calibration is not None:
                found += trust(calibration, run.manifest, run.meter(meter))
        names = {one.sha256 if one else "none" for one in (run.calibration(meter) for run in runs)}
        if len(names) > 1:
            found.append(f"Meter {meter} was not corrected by the same calibration in all stages.")
    return found


def device_clock(study: StudyRuns) -> list[str]:
    """A meter whose own clock began anew had restarted: between its segments lies a gap."""
    found = []
    for run in study.runs():
        for meter in run.meters:
            resets = sum(_resets(run, meter, attempt.number) for attempt in run.attempts)
            if resets:
                how_often = "once" if resets == 1 else f"{resets} times"
                found.append(
                    f"The clock of meter {meter} began anew {how_often} in stage {run.name}: did the meter restart, "
                    "or were samples lost on the way from it?"
                )
    return found


def _resets(run: StageRun, meter: str, attempt: int) -> int:
    try:
        trace = run.open_trace(meter, attempt)
    except (MeterError, OSError):
        return 0
    if "device_ns" not in trace.columns:
        return 0
    return int((np.diff(trace.column("device_ns")) < 0).sum())


def attached(study: StudyRuns) -> list[str]:
    """Meters that recorded elsewhere, where something keeps their clock from being well known."""
    return [
        f"Meter {meter} in attempt {one['attempt']} of stage {run.name}, recorded elsewhere: {note}."
        for run in study.runs()
        for meter in run.meters
        for one in attempts_of(run, meter)
        for note in one.get("notes", [])
    ]


def single_repetition(study: StudyRuns) -> list[str]:
    if study.repetitions > 1 or len({cell["seed"] for cell in study.cells}) > 1:
        return []
    return ["There is one repetition with one seed: nothing tells how far a second one would differ."]


CHECKS: list[Callable[[StudyRuns], list[str]]] = [
    simulated,
    unmeasured,
    gaps,
    resumed,
    held,
    no_early_bird,
    emptied,
    idle_drift,
    calibrations,
    device_clock,
    attached,
    single_repetition,
]
