"""The device's end of a pseudo-terminal: bytes leave it no faster than the stated baud rate carries them."""

import json
import os
import select
import sys
import tty
from collections import deque
from typing import Any, Deque, List, NamedTuple, Optional

_BITS_PER_BYTE = 10
_LATENCY_NS = 10**7  # how long an adapter gathers bytes before it hands them over


class Line:
    """A port that can be unplugged; its path is printed as a JSON line each time it is plugged in."""

    def __init__(self, baud: int, link: Optional[str]) -> None:
        self._byte_ns = _BITS_PER_BYTE * 1e9 / baud
        self._link = link
        self._queue: Deque[_Piece] = deque()
        self._whole = True
        self._master: Optional[int] = None
        self.free_ns = 0

    def plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(slave)
        path = os.ttyname(slave)
        os.close(slave)  # so that a hang-up tells that nobody listens
        os.set_blocking(self._master, False)
        if self._link:
            os.symlink(path, self._link + ".new")
            os.replace(self._link + ".new", self._link)
        print(json.dumps({"port": self._link or path}))
        sys.stdout.flush()

    def unplug(self) -> None:
        """Whoever has the port open sees a hang-up."""
        if self._master is not None:
            os.close(self._master)
            self._master = None
            if self._link:
                os.unlink(self._link)
        self._queue.clear()
        self._whole = True

    @property
    def plugged(self) -> bool:
        return self._master is not None

    def descriptor(self) -> Optional[int]:
        """To wait on for what the host says; None while nobody has the port open."""
        if self._master is None:
            return None
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        return None if any(events & select.POLLHUP for _, events in poll.poll(0)) else self._master

    def read(self) -> bytes:
        try:
            return os.read(self._master, 4096) if self._master is not None else b""
        except OSError:  # closed again in between
            return b""

    def send(self, data: bytes, now_ns: int, tag: Any) -> None:
        """Queue a frame behind what is still on the line; a long one arrives in pieces, as over USB."""
        size = max(1, int(_LATENCY_NS / self._byte_ns))
        self.free_ns = max(now_ns, self.free_ns)
        for cut in range(0, len(data), size):
            piece = data[cut : cut + size]
            self.free_ns += int(len(piece) * self._byte_ns)
            self._queue.append(_Piece(self.free_ns, piece, cut + size >= len(data), tag))

    def due_ns(self) -> Optional[int]:
        """When the next bytes are through."""
        return self._queue[0].due_ns if self._queue else None

    def advance(self, now_ns: int) -> List[Any]:
        """Hand over the bytes that are through by now; the tags of the frames that went out whole."""
        tags = []
        while self._queue and self._queue[0].due_ns <= now_ns:
            piece = self._queue.popleft()
            self._whole = self._hand_over(piece.data) and self._whole
            if piece.last:
                tags += [piece.tag] * self._whole
                self._whole = True
        return tags

    def _hand_over(self, data: bytes) -> bool:
        """Bytes for which nobody listens, or has room, are lost as on a wire."""
        listener = self.descriptor()
        if listener is None:
            return False
        try:
            return os.write(listener, data) == len(data)
        except OSError:
            return False


class _Piece(NamedTuple):
    due_ns: int
    data: bytes
    last: bool  # of its frame
    tag: Any
