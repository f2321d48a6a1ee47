"""The board's power mode: it caps clocks and switches cores off, so figures of two modes are of two machines."""

from pathlib import Path

from harness.board import modes
from harness.board.nodes import l4t
from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"nvpmodel": ("nvpmodel", "-q")}


def check(root: Path, said: Said) -> Finding:
    if not l4t(root):
        return fine("no nvpmodel on this machine")
    mode = modes.current(said["nvpmodel"] or "")
    if not mode:
        return doubt("nvpmodel does not tell the power mode, so the figures cannot name it", "sudo nvpmodel -q")
    if mode.name.startswith("MAXN"):
        return fine(f"nvpmodel {mode.number} ({mode.name}): no core is off, no clock capped")
    return doubt(
        f"nvpmodel {mode.number} ({mode.name}) caps clocks or switches cores off: "
        "compare only with figures of this mode",
        "nvpmodel -p --verbose (lists the modes), then sudo nvpmodel -m N; for one run: harness run ... --power-mode N",
    )
