"""The board's power mode: it caps clocks and switches cores off, so figures of two modes are of two machines."""

import re
from pathlib import Path

from harness.board.nodes import l4t
from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"nvpmodel": ("nvpmodel", "-q")}


def check(root: Path, said: Said) -> Finding:
    if not l4t(root):
        return fine("no nvpmodel on this machine")
    mode = re.search(r"NV Power Mode: *(\S+)\s+(\d+)", said["nvpmodel"] or "")
    if not mode:
        return doubt("nvpmodel does not tell the power mode, so the figures cannot name it", "sudo nvpmodel -q")
    name, identifier = mode.groups()
    if name.startswith("MAXN"):
        return fine(f"nvpmodel {identifier} ({name}): no core is off, no clock capped")
    return doubt(
        f"nvpmodel {identifier} ({name}) caps clocks or switches cores off: compare only with figures of this mode",
        "nvpmodel -p --verbose (lists the modes), then sudo nvpmodel -m N",
    )
