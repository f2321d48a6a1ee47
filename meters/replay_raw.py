"""Recorded raw bytes as a source of samples: the meter's own driver decodes them again, at their old distances."""

import importlib
from typing import Any, Dict, List, Tuple

from meters.base import Channel, Sample
from meters.clock import monotonic_ns
from meters.connected import Connected
from meters.errors import MeterError
from meters.raw import AWAITED, CAME, OPENED, WRITTEN
from meters.raw_read import Piece, read_raw
from meters.spec import MeterSpec, kinds


class RawSource:
    """What the meter is, its driver finds out as it did when it was recorded; a reconnection is played too."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._head, pieces = read_raw(path)
        self._line = _PlayedLine(path, pieces, self._head["simulated"])
        self._meter = _driver(path, self._head["meter"])
        self._meter.connect = lambda: self._line  # type: ignore[method-assign]
        self._meter.now_ns = self._line.now_ns
        self.simulated = self._head["simulated"]
        self.calibration = None  # bytes are decoded anew

    def __getattr__(self, name: str) -> Any:
        """Channels, columns, total, period and so on are the driver's."""
        return getattr(self._meter, name)

    @property
    def seconds(self) -> float:
        return self._line.seconds

    @property
    def at_its_end(self) -> bool:
        return self._line.at_its_end

    def begin(self) -> None:
        """The first byte is due now."""
        self._line.begin(monotonic_ns())
        self._open()

    def begin_again(self) -> None:
        self.close()
        self.begin()

    def samples(self) -> List[Sample]:
        """What was due by now; where the meter was connected anew, so is the driver."""
        found: List[Sample] = []
        while self._line.due:
            before = self._line.position
            if self._line.at_a_connection:
                self.close()
                self._open()
            try:
                found += self._meter.samples()
            except MeterError:  # as when it was recorded: no reply
                pass
            if self._line.position == before:  # the driver has no use for this piece
                self._line.pass_over()
        return found

    def declare(self, channels: Tuple[Channel, ...]) -> None:
        """What a user states of the channels, before the driver learns more."""
        self._meter.channels = channels

    def close(self) -> None:
        self._meter.close()

    def identity(self) -> Dict[str, object]:
        """The file, and the meter and clock behind it."""
        recorded = dict(self._head["meter"], identity=self._meter.identity())
        return {"raw": self._path, "recorded": recorded, "recorded_clock": self._head["clock"]}

    def _open(self) -> None:
        """At the next connection that came about."""
        while True:
            self._line.connect()
            try:
                return self._meter.open()
            except MeterError as error:
                if self._line.at_its_end:
                    raise MeterError(f"{self._path} has no whole connection to its meter: {error}") from error


class _PlayedLine:
    """Gives out the pieces in their order, each when it is due; what a driver writes is only counted off."""

    def __init__(self, path: str, pieces: List[Piece], simulated: bool) -> None:
        if not pieces:
            raise MeterError(f"{path} has no bytes to replay")
        self.path, self.simulated = path, simulated
        self._pieces, self._shift_ns, self._t_ns = pieces, 0, 0
        self.position = 0

    @property
    def seconds(self) -> float:
        return (self._pieces[-1].t_ns - self._pieces[0].t_ns) / 1e9

    @property
    def at_its_end(self) -> bool:
        return self.position == len(self._pieces)

    @property
    def at_a_connection(self) -> bool:
        return self._is(OPENED)

    @property
    def due(self) -> bool:
        return not self.at_its_end and self._pieces[self.position].t_ns + self._shift_ns <= monotonic_ns()

    def begin(self, now_ns: int) -> None:
        self.position, self._shift_ns = 0, now_ns - self._pieces[0].t_ns

    def connect(self) -> None:
        """Pass over what is left of the last connection."""
        while not self.at_its_end and not self._is(OPENED):
            self.position += 1
        if not self.at_its_end:
            self._take()

    def pass_over(self) -> None:
        self.position += 1

    def now_ns(self) -> int:
        """When the last piece passed."""
        return self._t_ns

    def read_waiting(self) -> bytes:
        self._check_connected()
        return self._take() if self._is(CAME) and self.due else b""

    def read_exactly(self, n: int, timeout_s: float) -> bytes:
        self._check_connected()
        return self._take() if self._is(AWAITED) else b""

    def read_line(self, timeout_s: float) -> bytes:
        return self.read_exactly(0, timeout_s)

    def write(self, data: bytes) -> None:
        if self._is(WRITTEN):
            self._take()

    def drain(self) -> None:
        """Only what was drained is gone, and that is on no tape."""

    def close(self) -> None:
        """The pieces stay."""

    def identity(self) -> Dict[str, object]:
        return {}

    def _is(self, kind: bytes) -> bool:
        return not self.at_its_end and self._pieces[self.position].kind == kind

    def _take(self) -> bytes:
        piece = self._pieces[self.position]
        self.position, self._t_ns = self.position + 1, piece.t_ns + self._shift_ns
        return piece.data

    def _check_connected(self) -> None:
        if self.at_its_end or self.at_a_connection:
            raise MeterError(f"the connection to {self.path} has ended, as it did when it was recorded")


def _driver(path: str, meter: Dict[str, Any]) -> Connected:
    """A new meter of the kind that was recorded."""
    kind = meter["kind"]
    driver = importlib.import_module("meters." + kind).Meter if kind in kinds() else object
    if not issubclass(driver, Connected):
        raise MeterError(f"{path} says that it is of a {kind!r}, which is no meter behind a line")
    try:
        return MeterSpec(kind, meter["options"]).create()  # type: ignore[return-value]
    except (TypeError, ValueError, AttributeError) as error:
        raise MeterError(f"{path} says that its {kind} had the options {meter['options']}: {error}") from error
