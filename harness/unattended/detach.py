"""Starts a run in the background: a session of its own, its output in a log, nothing that closes with the terminal."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

from harness.errors import UserError

WATCH_S = 2.0  # for mistakes that show at once


def detached(arguments: List[str], log: Path) -> int:
    """Start `harness ARGUMENTS`, which appends to `log`; returns its process, or raises when it ends at once."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(str(log), "ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "harness"] + arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
    try:
        status = process.wait(WATCH_S)
    except subprocess.TimeoutExpired:
        return process.pid
    if status != 0:
        said = log.read_bytes()[begin:].decode("utf-8", "replace").strip().splitlines()
        sentence = said[-1] if said else f"exit status {status}"
        raise UserError(sentence[len("error: ") :] if sentence.startswith("error: ") else sentence, code=status)
    return process.pid
