"""Waiting until an absolute time, or until another thread rings."""

import os
import select

from meters.clock import monotonic_ns


class Alarm:
    """A pipe and select(): unlike a lock with a timeout on Python 3.6, deaf to changes of the wall clock."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def fileno(self) -> int:
        """To select on beside other files; `clear` it then."""
        return self._read

    def ring(self) -> None:
        try:
            os.write(self._write, b"!")
        except BlockingIOError:
            pass  # it is ringing already

    def clear(self) -> None:
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            pass

    def wait(self, until_ns: int) -> bool:
        """Until the time has come or someone has rung; True when rung."""
        seconds = max(0.0, (until_ns - monotonic_ns()) / 1e9)
        rung = bool(select.select([self._read], [], [], seconds)[0])
        if rung:
            self.clear()
        return rung
