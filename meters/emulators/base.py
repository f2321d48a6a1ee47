"""What every emulated serial meter does: samples at absolute times, frames on the line, truth in the log."""

import os
import random
import select
from typing import List, NamedTuple, Optional

from meters.clock import monotonic_ns
from meters.emulators.faults import SPOILING, Faults
from meters.emulators.truth import Log, Moment, Truth
from meters.emulators.wire import Line

_TICK_NS = 50 * 10**6  # how coarsely the truth is integrated at most
_LATEST_NS = 10**9  # frames that are later than this are left out
_GARBAGE_BYTES = 200
OVERFLOW_W = 1e9  # more than any of these meters can say


class Reply(NamedTuple):
    """What a device says when it was asked; `sample`: it carries the reading of the last moment."""

    data: bytes
    sample: bool = False


class Emulator:
    """A kind sets `baud`, `interval_s` and `most_W` and makes frames; one that is commanded also answers.

    `variant_option`: of a kind with variants, the option of its driver that names the one which the driver expects.
    """

    baud: int = 115200
    interval_s: float = 1.0
    most_W: float = float("inf")
    variant_option: str = ""

    def frame(self, moment: Moment) -> bytes:
        """The bytes of one sample, empty while the device is not sending."""
        raise NotImplementedError

    def spoilt(self, frame: bytes) -> bytes:
        """The frame with a check that is wrong, or as wrong as a frame without a check can be."""
        raise NotImplementedError

    def other(self, frame: bytes) -> bytes:
        """What another device would have sent in its place."""
        return b"ready\r\n"

    def answer(self, data: bytes) -> List[Reply]:
        """What the device replies to what the host has sent; `data` may end in the middle of a command."""
        return []


class Asked(Emulator):
    """A meter that says nothing by itself; `moment` is what it measured last."""

    moment: Moment = Moment(0, 0, 0.0, 0.0, 0.0)

    def frame(self, moment: Moment) -> bytes:
        self.moment = moment
        return b""


class Runner:
    """Runs an emulator: every sample at its absolute time, also when this process comes late to it."""

    def __init__(self, emulator: Emulator, truth: Truth, line: Line, log: Log, faults: Faults, now_ns: int) -> None:
        self._emulator, self._truth, self._line, self._log, self._faults = emulator, truth, line, log, faults
        self._interval_ns = int(emulator.interval_s * 1e9)
        self._next_ns = now_ns + self._interval_ns
        self._opened_ns: Optional[int] = None  # faults are timed from there
        self._moment: Optional[Moment] = None
        self._stalled = self._other = self._overflown = False
        self._spoiling: List[str] = []  # for the next frame
        self._random = random.Random(1)

    def run(self, stdin: int) -> None:
        """Until stdin ends."""
        while True:
            port = self._line.descriptor()
            if self._opened_ns is None and port is not None:
                self._opened_ns = monotonic_ns()
            ready = select.select([stdin] if port is None else [stdin, port], [], [], self._wait_s())[0]
            if stdin in ready and not os.read(stdin, 4096):
                return
            if port in ready:
                self._reply(self._line.read())
            self._step(monotonic_ns())

    def _wait_s(self) -> float:
        now_ns = monotonic_ns()
        due = [max(self._next_ns, self._line.free_ns), self._line.due_ns() or self._next_ns, now_ns + _TICK_NS]
        return max(0.0, (min(due) - now_ns) / 1e9)

    def _step(self, now_ns: int) -> None:
        """All samples that are due, all bytes that are through."""
        if now_ns - self._next_ns > _LATEST_NS:
            self._next_ns = now_ns
        while max(self._next_ns, self._line.free_ns) <= now_ns:
            self._sample(max(self._next_ns, self._line.free_ns))
        if self._interval_ns > _TICK_NS:
            self._truth.advance(now_ns)
        for moment in self._line.advance(now_ns):
            if moment is not None:
                self._log.write(monotonic_ns(), moment)

    def _sample(self, at_ns: int) -> None:
        """One sample; a line that is still busy with the last one has delayed it."""
        while self._next_ns <= at_ns:
            self._next_ns += self._interval_ns
        open_ns = 0 if self._opened_ns is None else max(0, at_ns - self._opened_ns)
        faults = self._faults.at(open_ns / 1e9)
        if "reset" in faults:
            self._truth.reset_clock(at_ns)
        self._stalled, self._other = "stall" in faults, "model" in faults
        self._overflown = "overflow" in faults
        self._spoiling += [kind for kind in faults if kind in SPOILING]
        self._plug("unplug" not in faults)
        self._moment = self._truth.sample(at_ns)
        shown = self._truth.shown(self._moment)
        if self._overflown:
            shown = shown._replace(watts=OVERFLOW_W, mean_watts=OVERFLOW_W)
        self._send(self._emulator.frame(shown), at_ns, None if self._overflown else self._moment)

    def _send(self, frame: bytes, at_ns: int, moment: Optional[Moment]) -> None:
        if not self._line.plugged or self._stalled or not frame:
            return
        sent = self._misbehave(frame)
        self._line.send(sent, at_ns, moment if sent == frame else None)

    def _plug(self, wanted: bool) -> None:
        if wanted and not self._line.plugged:
            self._line.plug()
        elif not wanted and self._line.plugged:
            self._line.unplug()

    def _misbehave(self, frame: bytes) -> bytes:
        faults, self._spoiling = self._spoiling, []
        if self._other:
            frame = self._emulator.other(frame)
        if "partial" in faults:
            frame = frame[: len(frame) // 2]
        if "checksum" in faults:
            frame = self._emulator.spoilt(frame)
        if "garbage" in faults:
            frame = bytes(self._random.randrange(256) for _ in range(_GARBAGE_BYTES)) + frame
        return frame

    def _reply(self, data: bytes) -> None:
        for reply in self._emulator.answer(data):
            self._send(reply.data, monotonic_ns(), self._moment if reply.sample and not self._overflown else None)
