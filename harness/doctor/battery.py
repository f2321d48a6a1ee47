"""A battery feeds the machine past a meter at its input, and loads it when it charges."""

from pathlib import Path

from harness.board.nodes import text
from harness.doctor import Finding, Said, doubt, fine, spoils


def check(root: Path, said: Said) -> Finding:
    supplies = sorted((root / "sys/class/power_supply").glob("*"))
    batteries = {supply.name: text(supply / "status") for supply in supplies if text(supply / "type") == "Battery"}
    if not batteries:
        return fine("no battery")
    evidence = ", ".join(f"{name} is {status.lower() or 'of unknown status'}" for name, status in batteries.items())
    if "Discharging" in batteries.values():
        return spoils(evidence + ": a meter at the input sees nothing of what it feeds", "plug the supply in")
    if "Charging" in batteries.values():
        return doubt(evidence + ": a meter at the input counts that too", "wait until it is full, or take it out")
    return fine(evidence)
