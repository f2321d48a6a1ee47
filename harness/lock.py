"""One measuring run per machine at a time: two would be in each other's joules and in each other's files."""

import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from harness.errors import UserError

PATIENCE_S = 10.0


@contextmanager
def exclusive(path: Path, patience_s: float = PATIENCE_S) -> Iterator[int]:
    """Hold the lock at `path`; yields its file descriptor, which children that write must inherit.

    The kernel drops the lock when the last holder of the descriptor ends, however it ends. `patience_s` covers
    the children of a killed run, which end within moments.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(str(path), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, patience_s)
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(descriptor, 32, 0).decode() or "unknown"
                raise UserError(
                    f"another run (process {holder}) is measuring into {path.parent}: wait for its end, stop it, "
                    "or use --out for another folder"
                ) from None
            time.sleep(0.1)
