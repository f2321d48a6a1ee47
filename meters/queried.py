"""Meters that answer: a request, and a reply of known length."""

import time
from typing import Any, Dict, List

from meters.base import Row, Sample
from meters.connected import Connected
from meters.errors import MeterError

_FIRST_REPLY_S = 5.0
_BEHIND = 10  # so that a value that is a little late is not missed: a part of the period

Reading = Dict[str, Any]


class Queried(Connected):
    """A driver sets `request` and `reply_length` and has a pure `decode`."""

    request: bytes = b""
    reply_length: int = 0
    timeout_s: float = 1.0
    when_silent: str = "is it switched on, and is this the right port?"
    in_step: bool = False  # look just after the meter has a new value: worth it where those are rare

    _asked_ns: int = 0

    def decode(self, reply: bytes) -> Reading:
        """Quantities by name, unit included; MeterError for a reply that is not whole or fails its check."""
        raise NotImplementedError

    def row(self, reading: Reading) -> Row:
        return tuple(reading[column] for column in self.columns)

    def start(self) -> None:
        """Settings that the device needs first; `ask` works."""

    def begun(self, reading: Reading) -> None:
        """Learn from the first reading."""

    def _begin(self) -> None:
        self.start()
        reading = self._first_reading()
        self.begun(reading)
        if self.in_step:
            self._await_new_value(self.row(reading))

    def ask(self, request: bytes, reply_length: int) -> bytes:
        """The reply, or as much of it as comes in time."""
        if self._serial is None:
            raise MeterError(f"{self.port} is not open")
        self._serial.read_waiting()  # what is left of an aborted reply would be taken for this one
        self._serial.write(request)
        self._asked_ns = self.now_ns()
        return self._serial.read_exactly(reply_length, self.timeout_s)

    def samples(self) -> List[Sample]:
        """One reading, or none when the reply is damaged; raises MeterError when there is no reply at all."""
        reply = self.ask(self.request, self.reply_length)
        begin, end = self._asked_ns, self.now_ns()
        if not reply:
            raise MeterError(f"no reply from {self.port} at {self.baud} baud in {self.timeout_s:g} s")
        try:
            values = self.row(self.decode(reply))
        except MeterError:
            self.resynchronisations += 1
            return []
        return [Sample((begin + end) // 2, end - begin, None, values)]

    def _await_new_value(self, row: Row) -> None:
        """Looks come one native period apart, so that all of them are as old as the first: a little, then.

        A value that stays the same tells nothing, and after two periods it does not matter.
        """
        deadline = time.monotonic() + 2 * self.period_s
        while time.monotonic() < deadline:
            samples = self.samples()
            if samples and samples[0].values != row:
                break
            time.sleep(0.01)
        time.sleep(self.period_s / _BEHIND)

    def _first_reading(self) -> Reading:
        deadline = time.monotonic() + _FIRST_REPLY_S
        heard, wrong = b"", ""
        while time.monotonic() < deadline:
            reply = self.ask(self.request, self.reply_length)
            try:
                return self.decode(reply)
            except MeterError as error:
                heard, wrong = heard or reply, str(error)
        where = f"{self.port} at {self.baud} baud in {_FIRST_REPLY_S:.0f} s"
        if not heard:
            raise MeterError(f"no reply came from {where}: {self.when_silent}")
        raise MeterError(f"no valid reply came from {where}: another baud rate or another device?  {wrong}")
