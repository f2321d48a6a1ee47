"""What a report of a week costs, and a figure of a hundred million samples: seconds, peak memory, size."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.paired import line
from benchmarks.recorded import study

ROOT = Path(__file__).parents[1]
RATE_HZ, CHANNELS, WEEK_DAYS = 10.0, 8, 7.0
SAMPLES, SAMPLES_HZ = 100000000, 1000.0


class Cost(NamedTuple):
    seconds: float
    peak_bytes: int


def cost(*arguments: str) -> Cost:
    """Of a harness command in a process of its own, from its start to its end."""
    begin = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "harness", *arguments], cwd=str(ROOT), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"harness {' '.join(arguments)} failed with status {status}")
    return Cost(time.monotonic() - begin, 1024 * usage.ru_maxrss)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        week = study(Path(folder), WEEK_DAYS, RATE_HZ, CHANNELS)
        report, name = cost("report", str(week)), "report of 7 days, 10 Hz, 8 channels: "
        print(line(name + "seconds", report.seconds, 20), flush=True)
        print(line(name + "peak bytes", report.peak_bytes, 1e9), flush=True)
        print(line(name + "bytes of the page", (week / "report.html").stat().st_size, 1e7), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        many = study(Path(folder), SAMPLES / SAMPLES_HZ / 86400, SAMPLES_HZ, 1)
        figure = cost("figure", str(many), "power", "--format", "png")
        print(line("power figure of 100 M samples: seconds", figure.seconds, 5), flush=True)


if __name__ == "__main__":
    main()
