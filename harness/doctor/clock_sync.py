"""Is the clock set by NTP?  Traces that another machine records are laid over this one's by UTC first."""

import re
from pathlib import Path

from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"timedatectl": ("timedatectl", "status")}


def check(root: Path, said: Said) -> Finding:
    synchronised = re.search(r"synchronized: (\w+)", said["timedatectl"] or "")
    if synchronised and synchronised.group(1) == "yes":
        return fine("the clock is synchronised")
    evidence = (
        "the clock is not synchronised" if synchronised else "timedatectl does not tell whether the clock is right"
    )
    return doubt(evidence + "; only traces of meters on other machines need it", "sudo timedatectl set-ntp true")
