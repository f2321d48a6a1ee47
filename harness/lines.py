"""JSON lines: over the pipes between the harness and its children, and in the files that a run appends to."""

import json
import os
import threading
from pathlib import Path
from typing import IO, Any, Callable, Dict, List


class Inbox:
    """Splits what arrives on a non-blocking pipe into messages."""

    def __init__(self, descriptor: int):
        self.descriptor = descriptor
        self._rest = b""

    def read(self) -> List[Dict[str, Any]]:
        """The messages that have arrived; raises EOFError when the other side has closed the pipe."""
        block = os.read(self.descriptor, 1 << 16)
        if not block:
            raise EOFError
        *lines, self._rest = (self._rest + block).split(b"\n")
        return [json.loads(line.decode("utf-8")) for line in lines if line]


def send(pipe: IO[bytes], **message: Any) -> None:
    """Write one message at once (raises BrokenPipeError when the reader is gone)."""
    pipe.write(json.dumps(message).encode("utf-8") + b"\n")
    pipe.flush()


def listen(pipe: IO[bytes], on_message: Callable[[Dict[str, Any]], None], on_end: Callable[[], None]) -> None:
    """Call `on_message` for each line of `pipe` from a thread of its own, and `on_end` once it is closed."""

    def loop() -> None:
        for line in pipe:
            if line.endswith(b"\n"):
                on_message(json.loads(line.decode("utf-8")))
        on_end()

    threading.Thread(target=loop, daemon=True).start()


def drop_torn_line(path: Path) -> None:
    """Cut off a line that a power cut left unfinished: it would swallow the first line that is appended."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(str(path), whole)
