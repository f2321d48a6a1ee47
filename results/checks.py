"""Doubts about a study's own results: each check returns sentences with their evidence, or nothing."""

from collections.abc import Callable

from harness.ledger import StudyRuns
from harness.quantities import kilojoules, significant

IDLE_DRIFT = 0.05


def doubts(study: StudyRuns) -> list[str]:
    """Every doubt, each once, in the order of the checks below."""
    return list(dict.fromkeys(sentence for check in CHECKS for sentence in check(study)))


def simulated(study: StudyRuns) -> list[str]:
    meters = [meter for meter in study.meters if any(run.simulated(meter) for run in study.runs())]
    return [
        f"The power of meter {meter} is simulated: its joules show that the chain works, not what a board needs."
        for meter in meters
    ]


def unmeasured(study: StudyRuns) -> list[str]:
    """Rows without energy, and why."""
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
        every = {run.name: run.idle_W(meter, attempt.number) for run in study.runs() for attempt in run.attempts}
        idle = {stage: watts for stage, watts in every.items() if watts is not None}
        if idle and max(idle.values()) - min(idle.values()) > IDLE_DRIFT * max(idle.values()):
            low, high = min(idle, key=idle.__getitem__), max(idle, key=idle.__getitem__)
            found.append(
                f"Idle power on meter {meter} differs between stages: {significant(idle[low], 3)} W before {low}, "
                f"{significant(idle[high], 3)} W before {high}."
            )
    return found


def mixed(study: StudyRuns) -> list[str]:
    """Stages that were run on different boards or in different power modes."""
    boards = sorted({str(run.manifest.get("machine", {}).get("name")) for run in study.runs()})
    modes = sorted({str(run.manifest.get("power_mode")) for run in study.runs()})
    found = [f"The stages were run on different boards: {', '.join(boards)}."] if len(boards) > 1 else []
    return found + ([f"The stages were run under different power modes: {', '.join(modes)}."] if len(modes) > 1 else [])


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
    different_settings,
    single_repetition,
]
