"""The recorder at work behind a program that has something else to do than to read its messages."""

import threading
import time
from pathlib import Path
from queue import Queue
from typing import Any, Callable, Dict, List, Sequence

from harness.errors import UserError
from harness.instruments import Instruments
from harness.recording.asked import NOTHING, Asked

SYNC_S = 10.0  # patience with a recorder that is asked what is on disk
_OF_A_PROCESS = 2  # the kernel's name for the CPU clock of process p is ~p << 3 | 2, as clock_getcpuclockid makes it


class Background:
    """Records `specs` into `power` from entering to `close`.  `failure` is a sentence once the recorder has failed:
    what is going on goes on, it only has no energy from there."""

    def __init__(
        self, specs: Sequence[Any], power: Path, attempt: int, warn: Callable[[str], None], asked: Asked = NOTHING
    ):
        self._inbox: Queue = Queue()
        self._power, self._warn = power, warn
        self._instruments = Instruments(specs, power, attempt, self._inbox, warn=warn, synced=self._synced, asked=asked)
        self._changed = threading.Condition()
        self._on_disk_ns = 0
        self.failure = ""
        self.recording = self._closed = False

    @property
    def ready(self) -> List[Dict[str, Any]]:
        """What the recorder said of each meter when it had delivered."""
        return self._instruments.ready

    @property
    def scheduling(self) -> Dict[str, Any]:
        """How the recorder runs: whether in real time, and on which processors."""
        return self._instruments.scheduling

    @property
    def statistics(self) -> Dict[str, Any]:
        """Of each meter, once closed: samples, rate, jitter, what was missed."""
        return self._instruments.statistics

    def __enter__(self) -> "Background":
        self._power.mkdir(parents=True, exist_ok=True)
        self._instruments.__enter__()
        self._thread = threading.Thread(target=self._receive, name="recorder messages", daemon=True)
        self._thread.start()
        self.recording = True
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def cpu_s(self) -> float:
        """Processor time that the recorder has used so far, of all its threads."""
        assert self._instruments.recorder is not None
        pid = self._instruments.recorder.process.pid
        return time.clock_gettime(~pid << 3 | _OF_A_PROCESS)

    def sync(self, t_ns: int) -> None:
        """Return when every sample up to `t_ns` is on disk, or cannot come there any more."""
        with self._changed:
            self._instruments.sync(t_ns)
            self._changed.wait_for(lambda: self._on_disk_ns >= t_ns or bool(self.failure), SYNC_S)

    def close(self) -> None:
        """Let the recorder close its traces; may be called twice."""
        if self._closed:
            return
        self._closed, self.recording = True, False
        self._inbox.put((None, None))  # ends the thread
        self._thread.join()
        try:
            if not self.failure:
                self._instruments.close()
        except UserError as error:
            self._fail(str(error))
        finally:
            self._instruments.__exit__()

    def _receive(self) -> None:
        while not self.failure:
            child, message = self._inbox.get()
            if child is None:
                return
            if child is not self._instruments.recorder:
                continue
            if message is None:
                self._fail(f"the recorder ended ({child.ending()}): nothing was measured from then on")
                return
            try:
                self._instruments.receive(message)
            except UserError as error:
                self._fail(str(error))

    def _fail(self, sentence: str) -> None:
        self._warn(sentence)
        with self._changed:
            self.failure, self.recording = sentence, False
            self._changed.notify_all()

    def _synced(self, t_ns: int) -> None:
        with self._changed:
            self._on_disk_ns = max(self._on_disk_ns, t_ns)
            self._changed.notify_all()
