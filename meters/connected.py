"""What meters behind a line have in common, whether they talk on their own or are asked."""

from typing import Any, Callable, Dict, Optional

from meters.base import Meter
from meters.clock import monotonic_ns
from meters.raw import Tape, Tapped
from meters.serial_port import SerialPort


class Connected(Meter):
    """Opens its line, lets the driver begin on it, and lets go of it again, also when the beginning fails."""

    port: str = ""
    baud: int = 9600
    stop_bits: int = 1

    tape: Optional[Tape] = None  # notes all that passes on the line, when there is one
    now_ns: Callable[[], int] = staticmethod(monotonic_ns)  # when something last came, or was sent

    _serial: Any = None  # what `connect` gives

    def connect(self) -> Any:
        """The line to the device; a driver for something else than a serial line overrides it."""
        return SerialPort(self.port, self.baud, self.stop_bits)

    def open(self) -> None:
        self._serial = self.connect()
        self.simulated = self._serial.simulated
        if self.tape is not None:
            self._serial = Tapped(self._serial, self.tape)
            self.now_ns = self._serial.now_ns
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Everything up to the first valid reading, once the line is open."""
        raise NotImplementedError

    def close(self) -> None:
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def identity(self) -> Dict[str, object]:
        return {} if self._serial is None else self._serial.identity()
