"""A bench with an emulated meter on it: the emulator as a child process, its port and its log."""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


class Bench:
    """`port`: where the meter is plugged in.  `log()`: what it has sent so far, with the truth behind it."""

    def __init__(self, port, path):
        self.port, self._path = port, path

    def log(self):
        return [json.loads(line) for line in self._path.read_text().splitlines()]


@contextlib.contextmanager
def emulated(kind, folder, *arguments):
    """Until the block ends the emulator runs; faults and profile are its own command-line arguments."""
    path = folder / (kind + ".log")
    command = [sys.executable, "-m", "meters.emulators", kind, "--log", str(path), *arguments]
    child = subprocess.Popen(
        command, cwd=str(REPOSITORY), stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True
    )
    try:
        yield Bench(json.loads(child.stdout.readline())["port"], path)
    finally:
        child.stdin.close()
        child.wait(10)
        child.stdout.close()


def read_for(meter, seconds):
    """The samples that come within a time, read as often as the recorder would."""
    samples, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        samples += meter.samples()
        time.sleep(min(meter.wake_s, max(0.0, end - time.monotonic())))
    return samples
