"""Is this Python fit to run the harness on this board?"""

import sys
from pathlib import Path

from harness.board.nodes import l4t
from harness.doctor import Finding, Said, fine, spoils

REPORT = "import os, platform; print(platform.python_version(), os.environ.get('OPENBLAS_CORETYPE'))"
COMMANDS = {"python": (sys.executable, "-c", REPORT)}
MEND = "export OPENBLAS_CORETYPE=ARMV8 (./jetson_setup.sh puts that into its environment)"


def check(root: Path, said: Said) -> Finding:
    version, _, coretype = (said["python"] or "unknown").partition(" ")
    if l4t(root) and version.startswith("3.6.") and coretype != "ARMV8":
        why = (
            "numpy 1.19.5, the last for it, needs OPENBLAS_CORETYPE=ARMV8 on a Jetson or dies of an illegal instruction"
        )
        return spoils(f"Python {version}: {why}", MEND)
    return fine(f"Python {version}")
