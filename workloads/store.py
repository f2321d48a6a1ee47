"""Where a training keeps what must outlive its process: a seam, so that workloads join no path."""

import io
from abc import ABC, abstractmethod
from typing import BinaryIO, Callable, Optional

Write = Callable[[BinaryIO], None]


class Store(ABC):
    """What one training has stored.  Files are replaced atomically: readers see the old bytes or the new."""

    @abstractmethod
    def checkpoint(self, back: int = 0) -> Optional[BinaryIO]:
        """The checkpoint of the last committed epoch, or with `back` = 1 of the commit before it; None without one."""

    @abstractmethod
    def commit(self, epochs_done: int, write: Write) -> None:
        """Put a checkpoint in the place of the last one, which is kept; then these epochs survive a power cut."""

    @abstractmethod
    def open(self, name: str) -> Optional[BinaryIO]:
        """A file saved under this name (`tickets/consecutive-0.5.npz`), or None."""

    @abstractmethod
    def save(self, name: str, write: Write) -> None:
        """Write or replace a file."""


class MemoryStore(Store):
    """A store for trainings that nobody records."""

    def __init__(self):
        self.files = {}
        self.previous = None
        self.epochs_done = 0

    def checkpoint(self, back=0):
        held = self.previous if back else self.files.get("checkpoint")
        return None if held is None else io.BytesIO(held)

    def commit(self, epochs_done, write):
        self.previous = self.files.get("checkpoint")
        self.save("checkpoint", write)
        self.epochs_done = epochs_done

    def open(self, name):
        return io.BytesIO(self.files[name]) if name in self.files else None

    def save(self, name, write):
        buffer = io.BytesIO()
        write(buffer)
        self.files[name] = buffer.getvalue()
