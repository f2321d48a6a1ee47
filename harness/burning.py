"""Work that keeps one CPU busy and does nothing else."""

import hashlib
from typing import Callable

_BLOCK = bytes(1 << 20)  # hashing so much lets other threads run meanwhile


def burn(over: Callable[[], bool]) -> None:
    """Compute in this thread until `over` is true."""
    while not over():
        hashlib.sha256(_BLOCK).digest()
