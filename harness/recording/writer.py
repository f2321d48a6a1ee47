"""The thread that encodes and brings to disk, so that no thread that reads a meter ever waits for a disk."""

import threading
from collections import deque
from typing import Callable, Deque, Sequence

from harness.recording.alarm import Alarm
from harness.recording.recorded import Recorded
from meters.clock import monotonic_ns

SECOND_NS = 10**9
STUCK_S = 30.0  # how long the end of a run that has failed waits for a disk that does not answer


class Writer:
    """Writes a batch of every trace at each deadline, and at once when a sync is asked for."""

    def __init__(
        self, recorded: Sequence[Recorded], batch_s: float, report: Callable[..., None], on_event: Callable[[], None]
    ) -> None:
        self.failure = ""
        self._recorded, self._batch_ns = recorded, int(batch_s * SECOND_NS)
        self._report, self._on_event = report, on_event
        self._syncs: Deque[int] = deque()
        self._stopping = False
        self._alarm = Alarm()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def sync(self, until_ns: int) -> None:
        """Report `synced` as soon as all that the meters have delivered until then is on disk."""
        self._syncs.append(until_ns)
        for one in self._recorded:
            one.reader.alarm.ring()

    def looked(self) -> None:
        """A reader has looked at its meter."""
        if self._syncs:
            self._alarm.ring()

    def finish(self, close: bool) -> None:
        """Write what is left and, unless something has failed, close the traces; call after the readers have ended."""
        self._stopping = True
        self._alarm.ring()
        self._thread.join(None if close else STUCK_S)
        if not self.failure and not self._thread.is_alive():
            self._try(self._close if close else self._flush)

    def _run(self) -> None:
        self._try(self._write_until_stopped)
        self._on_event()

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            self.failure = (
                f"the trace cannot be written: {error.strerror} ({error.filename or 'in its directory'}); what was "
                "confirmed before is on disk: make room or mend the disk, then run the same command again"
            )

    def _write_until_stopped(self) -> None:
        deadline_ns = monotonic_ns() + self._batch_ns
        while not self._stopping:
            self._alarm.wait(deadline_ns)
            now_ns = monotonic_ns()
            due = now_ns >= deadline_ns
            obtained = [t for t in list(self._syncs) if all(one.reader.has_obtained(t) for one in self._recorded)]
            if due or obtained:
                self._flush()
            for until_ns in obtained:
                self._syncs.remove(until_ns)
                self._report(synced=until_ns)
            if due:
                deadline_ns += self._batch_ns * ((now_ns - deadline_ns) // self._batch_ns + 1)
                self._report_watts()

    def _flush(self) -> None:
        for one in self._recorded:
            one.append()
        for one in self._recorded:
            one.sync()

    def _close(self) -> None:
        self._flush()
        for one in self._recorded:
            one.close()

    def _report_watts(self) -> None:
        """A slow meter is left out until it has a new value; one that is away is None, lest its last one stand."""
        means = [(one.reader, one.take_watts()) for one in self._recorded]
        found = {
            reader.name: None if watts is None else round(watts, 3)
            for reader, watts in means
            if watts is not None or reader.away
        }
        if found:
            self._report(watts=found)
