"""Meters that talk on their own: a stream of frames over a serial line, found again after garbage."""

import time
from typing import Any, Dict, List, Optional, Tuple

from meters.base import Row, Sample
from meters.connected import Connected
from meters.errors import MeterError

_LONGEST_REST = 4096  # bytes kept while no frame ends: garbage must not fill the memory
_FIRST_FRAME_S = 5.0
_FURTHER_FRAMES_S = 3.0
_BITS_PER_BYTE = 10  # start, 8 data, stop

Reading = Dict[str, Optional[float]]


class Framed(Connected):
    """A driver has a pure `decode`; where needed it overrides `split`, `start` and `device_ns`."""

    baud: int = 115200
    terminator: bytes = b"\n"
    frame_bytes: Optional[int] = None  # where it is fixed, garbage before a frame does not spoil it
    first_frames: int = 1  # frames that `open` waits for,
    first_s: float = 0.0  # and time from the first of them to the last
    when_silent: str = ""  # likely causes, for the sentence when no frame comes
    buffered = True
    wake_s = 0.05  # the kernel holds what arrives in between

    _rest: bytes = b""
    _last_ns: int = 0
    _spacing_ns: float = 0.0  # between frames, once it is known; where the device has a clock that one tells
    _synchronised: bool = False
    _early: Tuple[Sample, ...] = ()

    @staticmethod
    def decode(frame: bytes) -> Reading:
        """Quantities by name, unit included; MeterError for a frame that is not whole or fails its check."""
        raise NotImplementedError

    def start(self, port: Any) -> None:
        """Ask the device to talk, where it has to be asked."""

    def begun(self, samples: List[Sample]) -> None:
        """Learn from the first samples; raises MeterError when they are not what the options say."""

    def device_ns(self, reading: Reading) -> Optional[int]:
        """The device's own time of a reading, for meters with `device_clock`."""
        return None

    def row(self, reading: Reading) -> Row:
        return tuple([reading[column] for column in self.columns])

    def split(self, data: bytes) -> Tuple[List[bytes], bytes]:
        """Whole frames (perhaps with garbage), and the beginning of the next one."""
        *frames, rest = data.split(self.terminator)
        return [frame + self.terminator for frame in frames], rest

    def _begin(self) -> None:
        self._rest, self._synchronised, self._spacing_ns = b"", False, 0.0
        self.start(self._serial)
        early = self._first_samples(self._serial)
        self.begun(early)
        self._early = tuple(early)
        self._spacing_ns = 0.0 if self.device_clock else 1e9 * self.period_s

    def samples(self) -> List[Sample]:
        if self._serial is None:
            raise MeterError(f"{self.port} is not open")
        early, self._early = self._early, ()
        data = self._serial.read_waiting()
        return [*early, *self.feed(data, self.now_ns())]

    def feed(self, data: bytes, now_ns: int) -> List[Sample]:
        """Samples of the frames that are complete with `data`, which had arrived by `now_ns`."""
        frames, self._rest = self.split(self._rest + data)
        behind = sum(map(len, frames)) + len(self._rest)
        self._rest = self._rest[-_LONGEST_REST:]
        byte_ns = _BITS_PER_BYTE * 1e9 / self.baud
        samples = []
        for n_behind, frame in zip(reversed(range(len(frames))), frames):
            behind -= len(frame)
            reading = self._accept(frame)
            if reading is not None:
                # A frame had arrived before the line carried the bytes behind it, and the frames behind it were due.
                waited_ns = max(behind * byte_ns, n_behind * self._spacing_ns)
                self._last_ns = max(int(now_ns - waited_ns), self._last_ns + 1)
                samples.append(Sample(self._last_ns, 0, self.device_ns(reading), self.row(reading)))
        return samples

    def _accept(self, frame: bytes) -> Optional[Reading]:
        if self.frame_bytes and len(frame) > self.frame_bytes:
            self._lose_synchronisation()
            frame = frame[-self.frame_bytes :]
        try:
            reading = self.decode(frame)
        except MeterError:
            self._lose_synchronisation()
            return None
        self._synchronised = True
        return reading

    def _lose_synchronisation(self) -> None:
        """Counted once until it is found again, and not for the end of a frame at which the port was opened."""
        self.resynchronisations += self._synchronised
        self._synchronised = False

    def _first_samples(self, port: Any) -> List[Sample]:
        samples: List[Sample] = []
        n_bytes = 0
        begin = time.monotonic()
        deadline = begin + _FIRST_FRAME_S
        while not self._enough(samples) and time.monotonic() < deadline:
            data = port.read_waiting()
            n_bytes += len(data)
            samples += self.feed(data, self.now_ns())
            if samples:
                deadline = begin + _FIRST_FRAME_S + _FURTHER_FRAMES_S
            time.sleep(self.wake_s)
        if not samples:
            raise MeterError(self._silence(n_bytes))
        return samples

    def _enough(self, samples: List[Sample]) -> bool:
        return len(samples) >= self.first_frames and samples[-1].t_ns - samples[0].t_ns >= 1e9 * self.first_s

    def _silence(self, n_bytes: int) -> str:
        heard = f"{n_bytes} bytes but no valid frame came" if n_bytes else "nothing came"
        causes = "another baud rate or another device?" if n_bytes else self.when_silent
        return f"{heard} from {self.port} at {self.baud} baud in {_FIRST_FRAME_S:.0f} s: {causes}"
