"""`python load.py PROCESSES LOOPS`: a fixed amount of work on so many processes at once."""

import os
import sys
import time

TRIAL_LOOPS = 1000000


def work(loops: int) -> None:
    for _ in range(loops):
        pass


def loops_for(seconds: float) -> int:
    """How many loops take about so long here."""
    begin = time.monotonic()
    work(TRIAL_LOOPS)
    return max(TRIAL_LOOPS, int(TRIAL_LOOPS * seconds / (time.monotonic() - begin)))


def main(processes: int, loops: int) -> None:
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            work(loops)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
