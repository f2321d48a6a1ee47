"""Stages that do not belong into one table: of several boards, under several power modes, metered at several places."""

from typing import Any, Dict, List

from harness.ledger.rows import StudyRuns
from harness.ledger.stage import StageRun


def mixed(study: StudyRuns) -> List[str]:
    """A sentence for each kind of mixture; empty where the stages may stand in one table."""
    runs = study.runs()
    boards = sorted({str(run.manifest.get("machine", {}).get("name")) for run in runs})
    modes = sorted({str(run.manifest.get("power_mode")) for run in runs})
    found = ["The stages were run on different boards: {}.".format(", ".join(boards))] if len(boards) > 1 else []
    if len(modes) > 1:
        found.append("The stages were run under different power modes: {}.".format(", ".join(modes)))
    return found + [sentence for meter in study.meters for sentence in _of_meter(meter, runs)]


def _of_meter(meter: str, runs: List[StageRun]) -> List[str]:
    """One name is no one meter: what it read of may have been another board, or another place in the supply."""
    described = [(run, run.meter(meter)) for run in runs if run.meter(meter)]
    boards = {_board(told): run.name for run, told in described if _board(told)}
    wholes = {_whole(run, meter): run.name for run, _ in described}
    found = ["Meter {} read different boards: {}.".format(meter, _places(boards))] if len(boards) > 1 else []
    if len(wholes) > 1:
        found.append("Meter {} sat at different boundaries: {}.".format(meter, _places(wholes)))
    return found


def _places(stages: Dict[str, str]) -> str:
    return ", ".join("{} in stage {}".format(what, stage) for what, stage in sorted(stages.items()))


def _board(told: Dict[str, Any]) -> str:
    """The board that the meter itself is a part of; empty for a meter that hangs outside, or cannot tell."""
    identity = told.get("identity") or {}
    return str(identity.get("board") or " ".join(map(str, identity.get("compatible") or [])))


def _whole(run: StageRun, meter: str) -> str:
    """The boundaries of what the meter's joules are of."""
    return " + ".join(run.boundaries(meter)) or "rails that make no whole"
