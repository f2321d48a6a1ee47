"""Starts a run in the background: a session of its own, its output in a log, nothing that closes with the terminal."""

import os
import subprocess
import sys
import time
from typing import List

from harness import lock
from harness.errors import UserError
from harness.rundir import StudyFolder

PATIENCE_S = 60.0  # with what comes before the first stage; what goes wrong later is in the log


def detached(arguments: List[str], folder: StudyFolder, patience_s: float = lock.PATIENCE_S) -> int:
    """Start `harness ARGUMENTS`, a run of the study in `folder`, with its output in the folder's log.

    Returns its process once its first stage has begun; raises what it said when it ends before.
    """
    folder.folder.mkdir(parents=True, exist_ok=True)
    with lock.exclusive(folder.machine.lock, patience_s):
        if folder.live.exists():
            folder.live.unlink()  # of a run that was killed
    with open(str(folder.log), "ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "harness"] + arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and not folder.live.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll():
        raise UserError(_said(folder, begin) or f"exit status {process.returncode}", code=process.returncode)
    return process.pid


def _said(folder: StudyFolder, begin: int) -> str:
    """The last line of the log since `begin`, without the word that is put before an error again."""
    lines = folder.log.read_bytes()[begin:].decode("utf-8", "replace").strip().splitlines()
    last = lines[-1] if lines else ""
    return last[len("error: ") :] if last.startswith("error: ") else last
