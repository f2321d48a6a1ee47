"""Whether the kernel killed a process because memory ran out: it does so without a word to whoever started it."""

import signal
from pathlib import Path
from typing import Optional

COUNTERS = Path("/proc/vmstat")


class Kills:
    """What the kernel killed for memory since this was made, before a training in batches of this size began."""

    def __init__(self, batch_size: int, counters: Path = COUNTERS) -> None:
        self._batch_size, self._counters = batch_size, counters
        self._before = _count(counters)

    def why(self, status: int) -> str:
        """What to say of a training that ended with this status (negative: a signal), starting with a separator."""
        if status != -signal.SIGKILL:
            return ""
        now = _count(self._counters)
        mend = f"set a batch_size below {self._batch_size} under [training] in the study, or a smaller width"
        if self._before is None or now is None:
            return f"; if `dmesg` says that memory ran out, {mend}"
        return f" by the kernel because memory ran out; {mend}" if now > self._before else ""


def _count(counters: Path) -> Optional[int]:
    """Processes killed for memory since boot; None where the kernel (before 4.13) does not count them."""
    try:
        lines = counters.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
