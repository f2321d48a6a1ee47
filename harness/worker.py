"""The child process that does the work of one stage: idle, load, train, cool down, writing its phases as it goes.

Started by exec as `python -m harness.worker`; the first line on stdin says what to do (see `session.py`).
It ends at once when stdin closes: what was committed is on disk, and unmeasured work must not run on.

On several devices `harness.ranks` starts it once for each, with the task as an argument. The first rank does all that a
worker does; the others train along.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict

from harness import ranks, rundir
from harness.burning import burn
from harness.errors import of_disk
from harness.lines import listen, send
from harness.machine import boot_id, name
from harness.phases import EventLog
from harness.store import RepStore

ABANDONED = 3
GONE = "by peer"  # a connection between ranks was closed or reset


class Parent:
    """The other end of the pipes: asks for samples to be on disk, reports progress."""

    def __init__(self, source, sink):
        self._sink = sink
        self._changed = threading.Condition()
        self._synced_ns = 0
        listen(source, self._receive, lambda: os._exit(ABANDONED))

    def _receive(self, message: Dict[str, Any]) -> None:
        with self._changed:
            self._synced_ns = max(self._synced_ns, message["synced"])
            self._changed.notify_all()

    def samples_on_disk(self, t_ns: int) -> None:
        send(self._sink, sync=t_ns)
        with self._changed:
            self._changed.wait_for(lambda: self._synced_ns >= t_ns)

    def report(self, **progress: Any) -> None:
        send(self._sink, progress=progress)

    def tell(self, **message: Any) -> None:
        send(self._sink, **message)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Unbuffered: a thread that waits in a buffered stdin would hold its lock when the interpreter ends.
    source = os.fdopen(0, "rb", 0)
    task = json.loads(sys.argv[1] if len(sys.argv) > 1 else source.readline().decode("utf-8"))
    if task["devices"] > 1:
        ranks.watch()
    from workloads import WorkloadError

    try:
        if task["devices"] > 1 and int(os.environ["RANK"]) > 0:
            train_along(task)
            return 0
        parent = Parent(source, sink)
        parent.tell(done=work(task, parent))
    except WorkloadError as error:
        send(sink, error=str(error))
        return 1
    except OSError as error:
        send(sink, error=of_disk(error) or str(error))
        return 1
    except RuntimeError as error:
        if task["devices"] > 1 and GONE in str(error):
            return 1  # the launcher tells who died; this rank only missed it
        raise
    return 0


def work(task: Dict[str, Any], parent: Parent) -> Dict[str, Any]:
    """Run one stage as `task` says; returns its result."""
    rep = rundir.Rep(Path(task["folder"]))
    events = EventLog(rep.events, task["attempt"])
    events.event("attempt", clock={"host": name(), "boot_id": boot_id()})
    with events.phase("idle"):
        idle(task["idle_s"], task["pulse_s"], events.phase)
    result = train(task, rep, events, parent)
    events.event("result", result=result)
    parent.report(phase="cooldown")
    with events.phase("cooldown"):
        time.sleep(task["cooldown_s"])
    events.sync()
    return result


def train(task: Dict[str, Any], rep: rundir.Rep, events: EventLog, parent: Parent) -> Dict[str, Any]:
    with events.phase("load", of="torch"):
        load_torch(task)
    store = RepStore(rep, events, parent.samples_on_disk if task["metered"] else lambda t_ns: None)
    return execute(task, store, phase=events.phase, report=parent.report, window_s=task["detection_s"])


def train_along(task: Dict[str, Any]) -> None:
    """What another rank than the first does: rests while that one does, and then takes its share of every batch."""
    time.sleep(task["idle_s"])
    load_torch(task)
    execute(task, RepStore(rundir.Rep(Path(task["folder"]))))


def load_torch(task: Dict[str, Any]) -> None:
    import torch

    import workloads.stage  # noqa: F401

    torch.set_num_threads(task["threads"])


def execute(task: Dict[str, Any], store: RepStore, **options: Any) -> Dict[str, Any]:
    from workloads import stage
    from workloads.job import Training
    from workloads.ranks import joined

    training = Training.from_dict(task["training"])
    stores = [RepStore(rundir.Rep(Path(folder))) for folder in task["sources"]]
    sources = dict(zip(training.sources, stores))
    with joined(task["devices"]) as together:
        return stage.execute(
            training, store=store, sources=sources, data_dir=task["data_dir"], ranks=together, **options
        )


def idle(seconds: float, pulse_s: float, phase) -> None:
    """Do nothing for `seconds`, but for three short load pulses by which any other trace can be aligned."""
    pulses_s = 6 * pulse_s
    quiet_s = max(0.0, seconds - pulses_s) / 2
    time.sleep(quiet_s)
    with phase("sync"):
        for _ in range(3):
            load_all_cpus(pulse_s)
            time.sleep(pulse_s)
    time.sleep(quiet_s)


def load_all_cpus(seconds: float) -> None:
    """Keep every CPU busy."""
    until = time.monotonic() + seconds

    def over() -> bool:
        return time.monotonic() >= until

    threads = [threading.Thread(target=burn, args=(over,)) for _ in os.sched_getaffinity(0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
