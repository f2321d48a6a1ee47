"""The phases of a stage as lines in events.jsonl: what the joules are later attributed to."""

import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

from harness.lines import drop_torn_line


def monotonic_ns() -> int:
    """CLOCK_MONOTONIC in ns (a double holds it to well below 1 us)."""
    return int(time.monotonic() * 1e9)


class EventLog:
    """Append-only events of one attempt; each line is flushed when it is written."""

    def __init__(self, path: Path, attempt: int):
        self.attempt = attempt
        drop_torn_line(path)
        self._file = open(str(path), "a", encoding="utf-8")
        self._open_phases: List[int] = []
        self._phases = 0

    def event(self, event: str, **fields: Any) -> None:
        line = dict(event=event, attempt=self.attempt, **fields)
        line.setdefault("t_ns", monotonic_ns())
        self._file.write(json.dumps(line, sort_keys=False) + "\n")
        self._file.flush()

    def sync(self) -> None:
        """Return once every line is on disk."""
        os.fsync(self._file.fileno())

    @contextmanager
    def phase(self, name: str, **attributes: Any) -> Iterator[Callable[..., None]]:
        """A named window of the work; an exception leaves it without an end, so it is never counted as done."""
        identity, self._phases = self._phases, self._phases + 1
        parent = self._open_phases[-1] if self._open_phases else None
        notes: Dict[str, Any] = {}
        synchronise_accelerator()
        self.event("begin", phase=name, id=identity, parent=parent, **attributes)
        self._open_phases.append(identity)
        try:
            yield notes.update
        finally:
            self._open_phases.pop()
        synchronise_accelerator()
        self.event("end", phase=name, id=identity, parent=parent, **notes)


def synchronise_accelerator() -> None:
    """Wait for the work queued on a GPU, so that it is metered in the phase that asked for it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
