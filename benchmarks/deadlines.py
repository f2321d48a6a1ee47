"""How late readings at 100 Hz begin: on an idle machine, beside one busy thread per core, and there in real time."""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from os import sched_getaffinity
from typing import Iterator

from benchmarks.meters import imitated_board
from benchmarks.paired import line
from benchmarks.recording import Recorder

SECONDS, RATE_HZ = 20.0, 100
MOST_IDLE_MS, MOST_BUSY_MS, MOST_REALTIME_MS = 0.5, 6.0, 0.1
BUSY = "while True: pass"
ALONE = """
import os, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
late, deadline = [], time.monotonic()
for _ in range(2000):
    deadline += 0.01
    time.sleep(max(0.0, deadline - time.monotonic()))
    late.append(time.monotonic() - deadline)
print(1e3 * sorted(late)[1980])
"""


@contextmanager
def busy_cores() -> Iterator[None]:
    with ExitStack() as stack:
        for _ in sched_getaffinity(0):
            program = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY]))
            stack.callback(program.kill)
        yield


def sleeping_alone_ms() -> float:
    """The same of a loop that only sleeps, with SCHED_FIFO beside busy threads: what the machine itself allows."""
    with busy_cores():
        return float(subprocess.check_output([sys.executable, "-c", ALONE]))


def p99_ms(board: str, folder: str, busy: bool, realtime: bool = False) -> float:
    with busy_cores() if busy else ExitStack():
        with Recorder([("ina3221", {"root": board, "rate": RATE_HZ})], folder, realtime=realtime) as recorder:
            time.sleep(SECONDS)
    return recorder.closed[0]["deadline_error_p99_ms"]


def main() -> None:
    name = f"p99 of the deadline error at {RATE_HZ} Hz in ms: "
    with tempfile.TemporaryDirectory() as folder:
        board = imitated_board(folder)
        print(line(name + "idle", p99_ms(board, folder + "/idle", False), MOST_IDLE_MS), flush=True)
        print(line(name + "one busy thread per core", p99_ms(board, folder + "/busy", True), MOST_BUSY_MS), flush=True)
        try:
            realtime = p99_ms(board, folder + "/realtime", True, True)
        except RuntimeError:  # the recorder has refused
            return print(f"{name}SCHED_FIFO is not permitted here, so not measured", file=sys.stderr)
        further = {"sleeping_alone": sleeping_alone_ms()}
        print(line(name + "the same, SCHED_FIFO", realtime, MOST_REALTIME_MS, **further), flush=True)


if __name__ == "__main__":
    main()
