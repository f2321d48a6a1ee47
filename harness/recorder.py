"""The recorder: one process for all meters, told what to do by JSON lines and answering in JSON lines.

stdin, first line: {"directory", "attempt", "meters": [{"name", "kind", "options"}]} and, where wanted, "batch_s",
"give_up_s", "raw", "realtime", "cpus"; then {"sync": t_ns} and {"stop": true}; its end is a clean stop too.
stdout: {"scheduling": {...}}; {"ready": [...]} when every meter has delivered; {"synced": t_ns}; {"watts": {meter: W}}
with each batch, null for a meter that is away;
{"gap": {...}}; {"warning": "..."}; {"error": "..."} before exit status 1; at last {"closed": {meter: statistics}}.
"""

import glob
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

from harness import rundir
from harness.errors import UserError
from harness.lines import Inbox, send
from harness.recording import scheduling
from harness.recording.alarm import Alarm
from harness.recording.reader import SPOOL_BYTES, Reader
from harness.recording.recorded import Files, Recorded
from harness.recording.writer import Writer
from meters.arrow import arrow
from meters.connected import Connected
from meters.errors import MeterError
from meters.spec import MeterSpec

BATCH_S, GIVE_UP_S = 1.0, 60.0
STALLED_S = 2.0  # how long the end waits for a meter that does not answer
SWITCH_S = 0.0005  # so that encoding does not keep a reader waiting


class Report:
    """Messages to the parent, from any thread; a parent that is gone also closes stdin, which ends the recorder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, **message: Any) -> None:
        with self._lock:
            try:
                send(sys.stdout.buffer, **message)
            except BrokenPipeError:
                pass


class Recorder:
    """All meters of one attempt."""

    def __init__(self, request: Dict[str, Any], report: Report) -> None:
        self._report, self._event = report, Alarm()
        self._stopping = self._ready = False
        report(scheduling=scheduling.apply(request.get("realtime", False), request.get("cpus", [])))
        arrow()  # now, because loading it costs as much as minutes of recording
        os.makedirs(request["directory"], exist_ok=True)
        _remove_leftovers(request["directory"])
        self._specs = [MeterSpec(one["kind"], one["options"], one["name"]) for one in request["meters"]]
        self._readers = [self._reader(spec, request.get("give_up_s", GIVE_UP_S)) for spec in self._specs]
        self._recorded = [
            Recorded(reader, _files(request, spec, reader), spec.kind, spec.options, request["attempt"], report)
            for reader, spec in zip(self._readers, self._specs)
        ]
        self._writer = Writer(self._recorded, request.get("batch_s", BATCH_S), report, self._event.ring)

    def run(self, inbox: Inbox, messages: Sequence[Dict[str, Any]]) -> int:
        """Until stopped; `messages` have been read already.  The exit status."""
        self._writer.start()
        for reader in self._readers:
            reader.start()
        self._obey(messages)
        while not self._stopping and not self._failure():
            readable, _, _ = select.select([inbox.descriptor, self._event], [], [])
            if self._event in readable:
                self._event.clear()
                self._say_ready()
            if inbox.descriptor in readable:
                self._listen(inbox)
        return self._finish()

    def stop(self, *_: Any) -> None:
        """Also as a signal handler."""
        self._stopping = True
        self._event.ring()

    def _listen(self, inbox: Inbox) -> None:
        try:
            self._obey(inbox.read())
        except EOFError:
            self.stop()

    def _obey(self, messages: Sequence[Dict[str, Any]]) -> None:
        for message in messages:
            if "sync" in message:
                self._writer.sync(message["sync"])
            if "stop" in message:
                self.stop()

    def _say_ready(self) -> None:
        if not self._ready and all(reader.delivered for reader in self._readers) and not self._failure():
            self._ready = True
            self._report(ready=[one.manifest_entry() for one in self._recorded])

    def _failure(self) -> str:
        return next(filter(None, [reader.failure for reader in self._readers] + [self._writer.failure]), "")

    def _finish(self) -> int:
        for reader in self._readers:
            reader.stop()
        deadline = time.monotonic() + STALLED_S
        for reader in self._readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        failure = self._failure()
        self._writer.finish(close=not failure)
        failure = failure or self._failure()
        if failure:
            self._report(error=failure)
            return 1
        for reader in filter(Reader.silent_at_end_s, self._readers):
            silent_s = reader.silent_at_end_s()
            self._report(
                warning=f"meter {reader.name} delivered nothing for the last {silent_s:.1f} s of the recording"
            )
        used = {"cpu_s": time.process_time()}
        self._report(closed={one.reader.name: {**one.statistics(), **used} for one in self._recorded})
        return 0

    def _reader(self, spec: MeterSpec, give_up_s: float) -> Reader:
        def looked() -> None:
            self._writer.looked()

        spool_bytes = SPOOL_BYTES // len(self._specs)
        return Reader(spec.name, spec.create(), give_up_s, self._report, looked, self._event.ring, spool_bytes)


def main() -> int:
    for ignored in (signal.SIGINT, signal.SIGHUP):  # the parent decides
        signal.signal(ignored, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_S)
    report, inbox = Report(), Inbox(sys.stdin.fileno())
    try:
        request, *further = _first(inbox)
        recorder = Recorder(request, report)
    except EOFError:
        return 0
    except (MeterError, UserError, OSError) as error:
        report(error=str(error))
        return 1
    signal.signal(signal.SIGTERM, recorder.stop)
    return recorder.run(inbox, further)


def _first(inbox: Inbox) -> List[Dict[str, Any]]:
    """The request, and what was sent right behind it."""
    messages: List[Dict[str, Any]] = []
    while not messages:
        messages = inbox.read()
    return messages


def _files(request: Dict[str, Any], spec: MeterSpec, reader: Reader) -> Files:
    """Raw bytes are kept of a meter that has a line."""
    power, attempt = Path(request["directory"]), request["attempt"]
    trace = str(rundir.trace(power, spec.name, attempt))
    if not request.get("raw") or not isinstance(reader.meter, Connected):
        return Files(trace)
    reader.meter.tape = reader.tape
    return Files(trace, str(rundir.raw(power, spec.name, attempt)))


def _remove_leftovers(directory: str) -> None:
    """What a recorder that was killed while it closed has left; the trace itself is still there."""
    for path in glob.glob(os.path.join(glob.escape(directory), "*.arrow.tmp")):
        os.unlink(path)


if __name__ == "__main__":
    sys.exit(main())
