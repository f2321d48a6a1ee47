"""A process of the harness's own: started by exec, told to end by the end of its stdin, listened to while it runs."""

import os
import subprocess
import sys
from pathlib import Path
from queue import Queue
from typing import Any, Mapping, Optional, Tuple

from harness.lines import listen, send

CLOSING_S = 120.0


class Child:
    """`python -m ARGUMENTS`; each of its messages is put into `inbox` as (child, message), its end as (child, None)."""

    def __init__(
        self,
        *arguments: str,
        inbox: Queue,
        keep_open: Tuple[int, ...] = (),
        environment: Optional[Mapping[str, str]] = None,
    ):
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join([root] + [p for p in [os.environ.get("PYTHONPATH")] if p])
        self.process = subprocess.Popen(
            [sys.executable, "-m"] + list(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            pass_fds=keep_open,
            env=dict(os.environ, PYTHONPATH=path, **(environment or {})),
        )
        listen(self.process.stdout, lambda message: inbox.put((self, message)), lambda: inbox.put((self, None)))

    def __enter__(self) -> "Child":
        return self

    def send(self, **message: Any) -> None:
        """Send, or do nothing where the child has ended: its end is noticed where its messages are read."""
        try:
            send(self.process.stdin, **message)
        except BrokenPipeError:
            pass

    def ending(self) -> str:
        """How the child ended, once its messages have."""
        status = self.process.wait()
        return f"killed by signal {-status}" if status < 0 else f"exit status {status}"

    def __exit__(self, *unused: Any) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
