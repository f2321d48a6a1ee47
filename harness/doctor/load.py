"""What else is running: its energy would be counted as the training's."""

from pathlib import Path

from harness.board.nodes import text
from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"busiest": ("ps", "-eo", "pcpu,comm", "--sort=-pcpu", "--no-headers")}
IDLE_LOAD = 0.5  # runnable tasks on average; services at rest stay below


def check(root: Path, said: Said) -> Finding:
    words = text(root / "proc/loadavg").split()
    if not words:
        return fine("this machine does not tell its load")
    evidence = f"{float(words[0]):.2f} tasks wanted a CPU in the last minute"
    if float(words[0]) < IDLE_LOAD:
        return fine(evidence)
    rows = [line.split(None, 1) for line in (said["busiest"] or "").splitlines()[:3]]
    names = ", ".join(f"{row[1]} {row[0]} %" for row in rows if len(row) == 2)
    return doubt(
        evidence + (f"; busiest so far: {names}" if names else ""), "stop what need not run, then wait a minute"
    )
