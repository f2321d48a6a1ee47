"""Meters that answer: a request, and a reply of known length."""

from typing import Dict, List, Optional

from meters.base import Meter, Row, Sample
from meters.clock import monotonic_ns
from meters.errors import MeterError
from meters.serial_port import SerialPort


class Queried(Meter):
    """A driver sets `request` and `reply_length` and has a pure `decode`."""

    port: str = ""
    baud: int = 9600
    stop_bits: int = 1
    request: bytes = b""
    reply_length: int = 0
    timeout_s: float = 1.0

    _serial: Optional[SerialPort] = None

    def decode(self, reply: bytes) -> Dict[str, Optional[float]]:
        """Quantities by name, unit included; MeterError for a reply that is not whole or fails its check."""
        raise NotImplementedError

    def row(self, reading: Dict[str, Optional[float]]) -> Row:
        return tuple(reading[column] for column in self.columns)

    def connect(self) -> SerialPort:
        """The line to the device; a driver for something else than a serial line overrides it."""
        return SerialPort(self.port, self.baud, self.stop_bits)

    def start(self) -> None:
        """Settings that the device needs first; `ask` works."""

    def open(self) -> None:
        self._serial = self.connect()
        self.simulated = self._serial.simulated
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def identity(self) -> Dict[str, object]:
        return {} if self._serial is None else self._serial.identity()

    def ask(self, request: bytes, reply_length: int) -> bytes:
        """The reply, or as much of it as comes in time."""
        if self._serial is None:
            raise MeterError(f"{self.port} is not open")
        self._serial.read_waiting()  # what is left of an aborted reply would be taken for this one
        self._serial.write(request)
        return self._serial.read_exactly(reply_length, self.timeout_s)

    def samples(self) -> List[Sample]:
        """One reading, or none when the reply is damaged; raises MeterError when there is no reply at all."""
        begin = monotonic_ns()
        reply = self.ask(self.request, self.reply_length)
        end = monotonic_ns()
        if not reply:
            raise MeterError(f"no reply from {self.port} at {self.baud} baud in {self.timeout_s:g} s")
        try:
            values = self.row(self.decode(reply))
        except MeterError:
            self.resynchronisations += 1
            return []
        return [Sample((begin + end) // 2, end - begin, None, values)]
