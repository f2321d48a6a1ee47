"""Doubts about a study's own results: each check returns sentences with their evidence, or nothing."""

from collections.abc import Callable

import numpy as np

from harness.errors import UserError
from harness.ledger import Slowdown, StageRun, StudyRuns, Window, clocks
from harness.ledger.anchors import Anchor
from harness.ledger.attachments import attempts_of
from harness.ledger.calibrations import trust
from harness.ledger.temperatures import while_working
from harness.quantities import kilojoules, significant
from meters.errors import MeterError
from results import metering_checks

IDLE_DRIFT = 0.05
WARMER_C = 10.0  # a choice: no board states from where on its joules differ


def doubts(study: StudyRuns, energies: metering_checks.Energies | None = None) -> list[str]:
    """Every doubt, each once, in the order of the checks; those that need `energies` (of `results.Study`) last."""
    found = [sentence for check in CHECKS for sentence in check(study)]
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
    """Gaps in what a row would show beside its energy."""
    found = []
    for meter in study.meters:
        for run in study.runs():
            missing = [r for r in run.energies(meter) if r.longest_gap_s > 0 and r.window.stop_ns is not None]
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


def mixed(study: StudyRuns) -> list[str]:
    """Stages that were run on different boards or in different power modes."""
    boards = sorted({str(run.manifest.get("machine", {}).get("name")) for run in study.runs()})
    modes = sorted({str(run.manifest.get("power_mode")) for run in study.runs()})
    found = [f"The stages were run on different boards: {', '.join(boards)}."] if len(boards) > 1 else []
    return found + ([f"The stages were run under different power modes: {', '.join(modes)}."] if len(modes) > 1 else [])


def mode_changed(study: StudyRuns) -> list[str]:
    """Stages in whose middle somebody changed the power mode of the board."""
    found = []
    for run in study.runs():
        for attempt in run.manifest.get("attempts", []):
            before, after = ((attempt.get(key) or {}).get("nvpmodel") for key in ("board_before", "board_after"))
            if before and after and before != after:
                words = [" ".join(text.split()) for text in (before, after)]
                found.append(
                    f"The power mode changed while stage {run.name} ran: {words[0]} before, {words[1]} after it."
                )
    return found


def throttled(study: StudyRuns) -> list[str]:
    """Where a clock dropped, a limit fell or a throttle counter rose: which, when, by how much."""
    found = []
    for run in study.runs():
        by_cause: dict[str, list[Slowdown]] = {}
        for slowdown in run.slowdowns():
            by_cause.setdefault(slowdown.what, []).append(slowdown)
        found += [_throttled(run, times) for times in by_cause.values()]
    return found


def _throttled(run: StageRun, times: list[Slowdown]) -> str:
    first, longest = times[0], max(times, key=lambda slowdown: slowdown.seconds)
    inside = [window for window in run.windows() if first.began_in(window)]
    began_ns = min((w.start_ns for w in run.windows() if w.attempt == first.attempt), default=first.start_ns)
    how_often = "once" if len(times) == 1 else f"{len(times)} times, first"
    return (
        f"Stage {run.name} was throttled {how_often}{_during(inside)}, {(first.start_ns - began_ns) / 1e9:.0f} s into "
        f"attempt {first.attempt}: the {longest.what} went from {longest.before} to {longest.after}; "
        f"{sum(slowdown.seconds for slowdown in times):.0f} s in all."
    )


def _during(windows: list[Window]) -> str:
    """The innermost of the windows, in words."""
    if not windows:
        return ""
    phase, epoch = windows[-1].phase, windows[-1].epoch
    if epoch is None:
        return f" in {phase}"
    return f" in epoch {epoch + 1}" if phase == "epoch" else f" in {phase} of epoch {epoch + 1}"


def temperatures(study: StudyRuns) -> list[str]:
    """Stages that worked at temperatures too different for their joules to be compared, or began above their gate."""
    warm = {f"{run.name} rep {run.repetition}": while_working(run) for run in study.runs()}
    zones = dict.fromkeys(zone for read in warm.values() for zone in read)
    found = []
    for zone in zones:
        read = {stage: degrees[zone] for stage, degrees in warm.items() if zone in degrees}
        low, high = min(read, key=read.__getitem__), max(read, key=read.__getitem__)
        if read[high] - read[low] > WARMER_C:
            found.append((read[high] - read[low], zone, low, high, read))
    sentences = [
        f"Temperatures are not comparable: while it worked, {zone} was at {read[low]:.0f} degrees C on average in "
        f"stage {low}, at {read[high]:.0f} in stage {high}."
        for _, zone, low, high, read in sorted(found)[-1:]
    ]
    return sentences + [sentence for run in study.runs() for sentence in _above_gate(run)]


def _above_gate(run: StageRun) -> list[str]:
    return [
        f"Attempt {attempt['attempt']} of stage {run.name} began at {gate['start_C']:.0f} degrees C ({gate['zone']}), "
        f"above its gate of {gate['below_C']:g}, after waiting {gate['waited_s']:.0f} s."
        for attempt in run.manifest.get("attempts", [])
        for gate in [attempt.get("gate") or {}]
        if gate.get("timed_out")
    ]


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


def wall_clock(study: StudyRuns) -> list[str]:
    """The host's wall clock was set while it measured: UTC times of that attempt, and offsets by UTC, are doubtful."""
    return [
        f"The wall clock jumped by {change.seconds:+.3g} s in attempt {change.attempt} of stage {run.name}, "
        f"{change.after_s:.0f} s in: joules are not touched by it, times in UTC are."
        for run in study.runs()
        for change in clocks.jumps(_anchors(run))
    ]


def suspended(study: StudyRuns) -> list[str]:
    return [
        f"The machine was suspended for {change.seconds:.3g} s in attempt {change.attempt} of stage {run.name}, "
        f"{change.after_s:.0f} s in: what it drew meanwhile is in no figure."
        for run in study.runs()
        for change in clocks.sleeps(_anchors(run))
    ]


def damaged_clock(study: StudyRuns) -> list[str]:
    found = []
    for run in study.runs():
        try:
            run.anchors()
        except UserError as error:
            found.append(f"Whether a clock of stage {run.name} jumped cannot be told: {error}.")
    return found


def _anchors(run: StageRun) -> list[Anchor]:
    try:
        return run.anchors()
    except UserError:
        return []


def device_clock(study: StudyRuns) -> list[str]:
    """A meter whose own clock began anew had restarted: between its segments lies a gap."""
    found = []
    for run in study.runs():
        for meter in run.meters:
            resets = sum(_resets(run, meter, attempt.number) for attempt in run.attempts)
            if resets:
                how_often = "once" if resets == 1 else f"{resets} times"
                found.append(
                    f"The clock of meter {meter} began anew {how_often} in stage {run.name}: did the meter restart?"
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


def different_settings(study: StudyRuns) -> list[str]:
    """Stages that were run with another number of threads, or forced to go on in another state of the machine."""
    threads = sorted({str(run.manifest.get("threads")) for run in study.runs()})
    found = [f"The stages were run with different thread counts: {', '.join(threads)}."] if len(threads) > 1 else []
    for run in study.runs():
        for attempt in run.manifest.get("attempts", []):
            if attempt.get("differences"):
                found.append(
                    f"Attempt {attempt['attempt']} of stage {run.name} was forced to go on although "
                    f"{'; '.join(attempt['differences'])}."
                )
    return found


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
    idle_drift,
    mixed,
    mode_changed,
    throttled,
    temperatures,
    calibrations,
    wall_clock,
    suspended,
    damaged_clock,
    device_clock,
    attached,
    different_settings,
    single_repetition,
]
