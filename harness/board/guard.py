"""The guard of a run that changed the board's power state: puts it back when the run's end of the pipe is gone.

Started by exec as `python -m harness.board.guard`; says {"ready": true} when the change may be made.
"""

import signal
import sys

from harness.board import restore
from harness.errors import UserError
from harness.lines import send

PATIENCE_S = 60.0  # with the guard of a killed run, which is putting its state back


def main() -> int:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        with restore.lock(PATIENCE_S):
            if restore.state_file().exists():
                restore.put_back()
            send(sys.stdout.buffer, ready=True)
            sys.stdin.buffer.read()
            if restore.state_file().exists():
                restore.put_back()
    except UserError as error:
        try:
            send(sys.stdout.buffer, error=str(error))
        except BrokenPipeError:
            pass  # the next command tells
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
