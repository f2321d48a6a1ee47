"""The bytes on a meter's line, each piece with its time: kept beside the readings, so that they can be decoded again.

A file begins with a line of JSON: `raw` (the version), `meter` (name, kind, options), `clock`, `simulated`.  Behind it
are pieces: time in ns (int64), kind (one letter), length (uint32), bytes.
"""

import json
import os
import struct
from collections import deque
from typing import Any, Deque, Dict

from meters.clock import host_clock, monotonic_ns

VERSION = 1
OPENED, WRITTEN, CAME, AWAITED = KINDS = b"o", b"w", b"c", b"a"  # AWAITED may be nothing: no answer in time
PIECE = struct.Struct("<qcI")


class Tape:
    """Pieces that wait for the disk; one thread puts them in, another takes them."""

    def __init__(self) -> None:
        self._waiting: Deque[bytes] = deque()
        self._put = self._taken = 0

    @property
    def n_bytes(self) -> int:
        """Of what waits."""
        return self._put - self._taken

    def put(self, kind: bytes, data: bytes) -> int:
        """The time that the piece got."""
        t_ns = monotonic_ns()
        self._waiting.append(PIECE.pack(t_ns, kind, len(data)) + data)
        self._put += PIECE.size + len(data)
        return t_ns

    def take(self) -> bytes:
        data = b"".join([self._waiting.popleft() for _ in range(len(self._waiting))])
        self._taken += len(data)
        return data


class Tapped:
    """A line that notes on a tape what passes; `now_ns` is the time of the last piece, so that what is decoded from
    the tape gets the same times."""

    def __init__(self, line: Any, tape: Tape) -> None:
        self._line, self._tape = line, tape
        self._t_ns = tape.put(OPENED, b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def now_ns(self) -> int:
        return self._t_ns

    def read_waiting(self) -> bytes:
        data = self._line.read_waiting()
        return self._note(CAME, data) if data else data

    def read_exactly(self, n: int, timeout_s: float) -> bytes:
        return self._note(AWAITED, self._line.read_exactly(n, timeout_s))

    def read_line(self, timeout_s: float) -> bytes:
        return self._note(AWAITED, self._line.read_line(timeout_s))

    def write(self, data: bytes) -> None:
        self._line.write(data)
        self._note(WRITTEN, data)

    def _note(self, kind: bytes, data: bytes) -> bytes:
        self._t_ns = self._tape.put(kind, data)
        return data


class RawWriter:
    """A new file; raises OSError when the disk does not take it."""

    def __init__(self, path: str, meter: Dict[str, Any], simulated: bool) -> None:
        self._file = open(path, "xb", buffering=0)
        head = {"raw": VERSION, "meter": meter, "clock": host_clock(), "simulated": simulated}
        self.append(json.dumps(head).encode() + b"\n")

    def append(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def sync(self) -> None:
        """On disk when this returns."""
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        self.sync()
        self._file.close()
