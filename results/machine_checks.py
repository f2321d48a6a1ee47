"""Doubts that the machine raises: boards, power modes, throttling, temperatures, clocks that moved."""

from collections.abc import Callable

from harness.errors import UserError
from harness.ledger import Slowdown, StageRun, StudyRuns, Window, clocks
from harness.ledger.anchors import Anchor
from harness.ledger.mixed import mixed
from harness.ledger.temperatures import while_working

WARMER_C = 10.0  # a choice: no board states from where on its joules differ


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


CHECKS: list[Callable[[StudyRuns], list[str]]] = [
    mixed,
    mode_changed,
    throttled,
    temperatures,
    wall_clock,
    suspended,
    damaged_clock,
    different_settings,
]
