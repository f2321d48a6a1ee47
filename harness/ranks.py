"""Starts the worker on several devices through torch's own launcher: `python -m harness.ranks N` in the worker's place.

It takes the task from stdin and hands it to every rank as an argument. All of them keep the pipes: the first rank talks
with the harness, the others only watch for the end. The launcher ends all when one has died, and tells which and how.
"""

import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from typing import Any, Callable, Dict, List

from harness.lines import send
from harness.out_of_memory import Kills

ABANDONED = 3
GRACE_S = 10.0  # for ranks, which see the end of the pipe by themselves
MONITOR_S = 0.2


def main() -> int:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    count = int(sys.argv[1])
    source = os.fdopen(0, "rb", 0)  # held: the ranks inherit it, and read on where this line ends
    task = source.readline().decode("utf-8").strip()
    watch(GRACE_S)
    sink = os.fdopen(os.dup(1), "wb")
    failure = launch(count, task)
    if failure:
        send(sink, error=failure)
    return 1 if failure else 0


def launch(count: int, task: str) -> str:
    """Run the worker `count` times to the end; returns the sentence about what failed, empty where nothing did."""
    from workloads import WorkloadError
    from workloads.ranks import available

    try:
        available()
    except WorkloadError as error:
        return str(error)
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    asked = json.loads(task)
    kills = Kills(asked["training"]["batch_size"])
    logging.disable(logging.CRITICAL)  # its pages of log; what failed is told in a sentence
    os.environ["OMP_NUM_THREADS"] = str(asked["threads"])
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    os.environ.setdefault("NCCL_SOCKET_IFNAME", "lo")
    try:
        run.run(run.parse_args(options(count) + ["-m", "harness.worker", task]))
    except ChildFailedError as error:
        return "{}; run the same command again to resume from the last finished epoch".format(
            described(error.failures, count, kills.why)
        )
    return ""


def options(count: int) -> List[str]:
    """For one machine, with no name to resolve and no restarts: a run that died is resumed by whoever started it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = {"nnodes": 1, "node_rank": 0, "nproc_per_node": count, "rdzv_backend": "static", "max_restarts": 0}
    asked.update(master_addr="127.0.0.1", master_port=port, monitor_interval=MONITOR_S)
    return ["--{}={}".format(name, value) for name, value in asked.items()]


def described(failures: Dict[int, Any], count: int, why: Callable[[int], str]) -> str:
    """Which rank failed and how: one that a signal killed, then those that missed it or that the launcher ended.

    A rank that loses its peer ends itself: by an exit status, or by abort() where a thread of gloo notices it.
    """
    consequences = {-signal.SIGABRT: 1, -signal.SIGTERM: 3}

    def order(item):
        rank, failure = item
        return consequences.get(failure.exitcode, 2 if failure.exitcode >= 0 else 0), failure.timestamp, rank

    rank, failure = min(failures.items(), key=order)
    how = "exit status {}".format(failure.exitcode)
    if failure.exitcode < 0:
        how = "killed by signal {} ({})".format(-failure.exitcode, signal.Signals(-failure.exitcode).name)
        how += why(failure.exitcode)
    return "the training process on device {} of {} ended ({})".format(rank, count, how)


def watch(grace_s: float = 0.0) -> None:
    """End this process `grace_s` after the other end of its stdin is closed, or after its parent has ended."""
    parent = os.getppid()
    pipe = select.poll()
    pipe.register(0, 0)  # the end is always told, and nothing else is: the first rank reads what comes

    def loop() -> None:
        while not pipe.poll(1000) and os.getppid() == parent:
            pass
        time.sleep(grace_s)
        os._exit(ABANDONED)

    threading.Thread(target=loop, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
