"""`python -m harness.crosscheck.gpu`: keeps the graphics processor busy while it is told to, until its stdin ends.

stdout: {"gpu": name}, empty where torch finds none.  stdin: {"busy": true} or {"busy": false}.
"""

import sys
import threading

from harness.lines import listen, send

SIDE = 2048


def main() -> int:
    name = _name()
    send(sys.stdout.buffer, gpu=name)
    if not name:
        return 0
    busy, over = threading.Event(), threading.Event()

    def obey(message: dict) -> None:
        (busy.set if message["busy"] else busy.clear)()

    def end() -> None:
        over.set()
        busy.set()

    listen(sys.stdin.buffer, obey, end)
    _work(busy, over)
    return 0


def _name() -> str:
    try:
        import torch
    except ImportError:
        return ""
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else ""


def _work(busy: threading.Event, over: threading.Event) -> None:
    """Products of matrices, each waited for, so that the load ends when it is told to."""
    import torch

    matrix = torch.rand(SIDE, SIDE, device="cuda")
    while not over.is_set():
        busy.wait()
        torch.mm(matrix, matrix)
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
