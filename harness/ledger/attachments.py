"""Which meters recorded elsewhere, and how well their clock is known: said under every table that has them."""

from typing import Any, Dict, List, Sequence

from harness.ledger.rows import StudyRuns
from harness.ledger.stage import StageRun


def sentences(study: StudyRuns) -> List[str]:
    """One for each attached meter, with the least well known of its clocks."""
    found = []
    for meter in study.meters:
        attempts = [one for run in study.runs() for one in attempts_of(run, meter)]
        if attempts:
            worst = max(attempts, key=lambda one: one["within_s"])
            found.append(
                f"meter {meter} was recorded on {worst['clock'].get('host', 'another host')} and attached: its clock "
                f"is known to {1000 * worst['within_s']:.3g} ms"
            )
    return found


def attempts_of(run: StageRun, meter: str) -> Sequence[Dict[str, Any]]:
    """How the clock of an attached meter was mapped in each attempt; none for a meter of the run's own."""
    attempts: Sequence[Dict[str, Any]] = run.meter(meter).get("attached", {}).get("attempts", [])
    return attempts
