"""One execution of a command: its times, its exit status, and signals passed on to it while it runs."""

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from harness.errors import UserError

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NOT_EXECUTABLE, NOT_FOUND, KILLED = 126, 127, 128  # exit statuses as of a shell


class Program:
    """A command that owns this terminal while it runs; `stdout`: where its output goes if not to ours."""

    def __init__(self, command: Sequence[str], stdout: Optional[int] = None):
        self._command, self._stdout = list(command), stdout
        self.signals: List[int] = []  # that came while it ran

    def run(self) -> int:
        """Its exit status, 128 + n when signal n ended it; raises UserError when it can't be started."""
        running: Dict[str, subprocess.Popen] = {}

        def pass_on(number: int, _: Any) -> None:
            self.signals.append(number)
            if "it" in running and not _from_our_terminal():
                running["it"].send_signal(number)

        with _handled(pass_on):
            running["it"] = self._start()
            status = running["it"].wait()
        return KILLED - status if status < 0 else status

    def _start(self) -> subprocess.Popen:
        try:
            return subprocess.Popen(self._command, stdout=self._stdout)
        except FileNotFoundError as error:
            raise UserError(f"there is no program {self._command[0]}: is it on the PATH?", NOT_FOUND) from error
        except OSError as error:
            raise UserError(f"{self._command[0]} can't be executed: {error.strerror}", NOT_EXECUTABLE) from error


@contextmanager
def _handled(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """A signal that is ignored (as under nohup) stays so."""
    before = {number: signal.getsignal(number) for number in PASSED_ON}
    try:
        for number, old in before.items():
            if old != signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _from_our_terminal() -> bool:
    """Whether a key or a hang-up may have caused a signal: then the terminal has sent it to the command too, and
    many programs take a second Ctrl-C for an order to drop everything."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
