"""The output of a program as a port: what it prints are the frames."""

import os
import subprocess
import tempfile
from typing import Any, Dict, Sequence

from meters.errors import MeterError

_PIECE = 65536
_END_S = 2.0


class ProcessPort:
    """Runs the program until it is closed.  `missing`: what to do when there is no such program."""

    simulated = False

    def __init__(self, command: Sequence[str], missing: str) -> None:
        self._command = list(command)
        self._errors = tempfile.TemporaryFile()
        try:
            self._child: Any = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors
            )
        except OSError as error:
            raise MeterError(f"{command[0]} cannot be run ({error.strerror}): {missing}") from error
        os.set_blocking(self._output(), False)

    def read_waiting(self) -> bytes:
        """What has been printed since; MeterError with the program's last words when it has ended."""
        try:
            data = os.read(self._output(), _PIECE)
        except BlockingIOError:
            return b""
        if not data:
            raise MeterError(f"{self._command[0]} has ended{self._last_words()}")
        return data

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._child.stdout.close()
        self._errors.close()

    def identity(self) -> Dict[str, object]:
        return {"command": self._command}

    def _output(self) -> int:
        return self._child.stdout.fileno()

    def _last_words(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace").strip()
        return f": {text.splitlines()[-1]}" if text else ""
