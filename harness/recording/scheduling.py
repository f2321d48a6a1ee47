"""How the kernel runs the recorder: on request ahead of all ordinary programs, and on processors of its own."""

import os
import resource
from typing import Any, Dict, List, Sequence

from harness.errors import UserError

PRIORITY = 1  # the least of SCHED_FIFO, which is still ahead of every program that has not asked for it


def apply(realtime: bool, cpus: Sequence[int]) -> Dict[str, Any]:
    """Of all threads there are, libraries' own among them, and all that they start; what holds then.

    UserError where it is not permitted.
    """
    if cpus:
        _pin(cpus)
    if realtime:
        _ahead()
    return {"realtime": os.sched_getscheduler(0) == os.SCHED_FIFO, "cpus": sorted(os.sched_getaffinity(0))}


def _pin(cpus: Sequence[int]) -> None:
    try:
        for thread in _threads():
            os.sched_setaffinity(thread, cpus)
    except (OSError, ValueError) as error:
        here = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        raise UserError(
            f"the recorder can't run on processors {','.join(map(str, cpus))}; there are: {here}"
        ) from error


def _ahead() -> None:
    try:
        for thread in _threads():
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError as error:
        most = resource.getrlimit(resource.RLIMIT_RTPRIO)[1]
        raise UserError(
            f"real-time scheduling is not permitted here (RLIMIT_RTPRIO is {most}): run as root, or allow it with the "
            "line `@dialout - rtprio 1` in /etc/security/limits.conf and log in again"
        ) from error


def _threads() -> List[int]:
    return [int(name) for name in os.listdir("/proc/self/task")]
