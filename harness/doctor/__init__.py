"""What on this machine would spoil a measurement: each module here is one check, this file what they share.

A check has `check(root, said)`: a pure function of a file tree and of what the commands in its `COMMANDS`, by the
same names, printed (None: the command is missing or did not finish).
"""

import importlib
import os
import pkgutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

OK, DOUBT, SPOILS = "ok", "doubt", "spoils"
TIMEOUT_S = 120.0  # importing torch from an SD card takes that long

Said = Mapping[str, Optional[str]]
Run = Callable[[Sequence[str]], Optional[str]]


class Finding(NamedTuple):
    """What a check saw.  `state`: ok, doubt (a source of error) or spoils (wrong or no figures); `mend`: what to do."""

    state: str
    evidence: str
    mend: str = ""


def fine(evidence: str) -> Finding:
    return Finding(OK, evidence)


def doubt(evidence: str, mend: str) -> Finding:
    return Finding(DOUBT, evidence, mend)


def spoils(evidence: str, mend: str) -> Finding:
    return Finding(SPOILS, evidence, mend)


def checks() -> List[str]:
    """The names of all checks."""
    return sorted(module.name for module in pkgutil.iter_modules([os.path.dirname(__file__)]))


def examine(root: Path = Path("/"), run: Optional[Run] = None) -> Dict[str, Finding]:
    """Every check's finding by its name, for the machine whose file tree is `root` and whose commands `run` runs."""
    run = run or output
    findings = {}
    for name in checks():
        module = importlib.import_module(f"{__name__}.{name}")
        said = {key: run(command) for key, command in getattr(module, "COMMANDS", {}).items()}
        findings[name] = module.check(root, said)
    return findings


def output(command: Sequence[str]) -> Optional[str]:
    """What a command prints on stdout, whatever its exit status; None where it can't be run or does not end."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
