"""The store that a workload gets: checkpoints and tickets of one repetition, each replaced whole or not at all."""

from typing import BinaryIO, Callable, Optional

from harness import rundir
from harness.phases import EventLog, monotonic_ns


class RepStore:
    """A repetition's files as `workloads.store.Store` describes them.

    `samples_on_disk(t_ns)` returns once every power sample up to `t_ns` is on disk: an epoch is committed only then.
    """

    def __init__(
        self,
        rep: rundir.Rep,
        events: Optional[EventLog] = None,
        samples_on_disk: Callable[[int], None] = lambda t_ns: None,
    ):
        self._rep = rep
        self._events = events
        self._samples_on_disk = samples_on_disk

    def checkpoint(self, back: int = 0) -> Optional[BinaryIO]:
        return self._open((self._rep.checkpoint, self._rep.previous_checkpoint)[back])

    def commit(self, epochs_done: int, write: Callable[[BinaryIO], None]) -> None:
        """Commit an epoch: its events and its samples are on disk before the checkpoint takes the old one's place."""
        assert self._events is not None, "the store of a source is read only"
        self._events.sync()
        ended_ns = monotonic_ns()
        with rundir.replacing(self._rep.checkpoint, keep=self._rep.previous_checkpoint) as file:
            write(file)
            self._samples_on_disk(ended_ns)
        self._events.event("commit", epochs_done=epochs_done)

    def open(self, name: str) -> Optional[BinaryIO]:
        return self._open(self._rep.named(name))

    def save(self, name: str, write: Callable[[BinaryIO], None]) -> None:
        rundir.write(self._rep.named(name), write)

    @staticmethod
    def _open(path) -> Optional[BinaryIO]:
        try:
            return open(str(path), "rb")
        except FileNotFoundError:
            return None
