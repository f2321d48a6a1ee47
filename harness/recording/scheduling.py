"""How the kernel runs the recorder: on request ahead of all ordinary programs, and on processors of its own."""

import os
import resource
from typing import Any, Dict, Sequence

from harness.errors import UserError

PRIORITY = 1  # the least of SCHED_FIFO, which is still ahead of every program that has not asked for it


def apply(realtime: bool, cpus: Sequence[int]) -> Dict[str, Any]:
    """Of this thread and all that it starts from now on; what holds then.  UserError where it is not permitted."""
    if cpus:
        _pin(cpus)
    if realtime:
        _ahead()
    return {"realtime": os.sched_getscheduler(0) == os.SCHED_FIFO, "cpus": sorted(os.sched_getaffinity(0))}


def _pin(cpus: Sequence[int]) -> None:
    try:
        os.sched_setaffinity(0, cpus)
    except (OSError, ValueError) as error:
        here = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        raise UserError(
            f"the recorder can't run on processors {','.join(map(str, cpus))}; there are: {here}"
        ) from error


def _ahead() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError as error:
        most = resource.getrlimit(resource.RLIMIT_RTPRIO)[1]
        raise UserError(
            f"real-time scheduling is not permitted here (RLIMIT_RTPRIO is {most}): run as root, or allow it with the "
            "line `@dialout - rtprio 1` in /etc/security/limits.conf and log in again"
        ) from error
