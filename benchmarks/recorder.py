"""What recording at 100 Hz costs: processor time and memory of the recorder, and time of a training beside it.

The emulated meter runs in both arms.  Without recording the recorder is stopped for a quarter of a second; what the
meter sends meanwhile it reads in the next arm, so that recording is charged for twice its samples.  Arms that short
see the same state of a machine that others use too, and there are enough pairs to tell a percent.
"""

import contextlib
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

from benchmarks.paired import Comparison, median_interval

ROOT = Path(__file__).parents[1]
PAIRS, ARM_S, STEADY_S = 1500, 0.25, 300.0
MOST_CPU, MOST_MB, MOST_RATIO = 0.01, 120, 1.01


def child(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=str(ROOT), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """The port of an emulated SmartPower3 at 100 Hz."""
    process = child("meters.emulators", "smartpower3", "--profile", "sine")
    try:
        yield json.loads(process.stdout.readline().decode())["port"]
    finally:
        process.stdin.close()
        process.wait()


class Recorder:
    """A recorder that has begun; `closed` holds its statistics in the end."""

    def __init__(self, port: str, folder: str, attempt: int) -> None:
        meters = [{"name": "bench", "kind": "smartpower3", "options": {"port": port}}]
        self.closed: Dict[str, float] = {}
        self.process = child("harness.recorder")
        self._send(directory=folder, attempt=attempt, meters=meters)
        self._wait_for("ready")

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._send(stop=True)
        self.closed = self._wait_for("closed")["bench"]
        self.process.wait()

    def cpu_s(self) -> float:
        """Of all its threads, to the nanosecond."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024

    def _send(self, **message: object) -> None:
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _wait_for(self, key: str) -> Dict[str, Dict[str, float]]:
        for line in self.process.stdout:
            message = json.loads(line.decode())
            if key in message:
                return message[key]
        raise RuntimeError(f"the recorder ended before {key}")


def training() -> Callable[[int], None]:
    """Steps of a small convolutional network on every core."""
    import torch

    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(32, 32, 3, padding=1),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(32, 10),
    )
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    images, labels = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))

    def train(steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(images), labels).backward()
            optimiser.step()

    return train


def seconds(train: Callable[[int], None], steps: int) -> float:
    begin = time.perf_counter()
    train(steps)
    return time.perf_counter() - begin


def overhead(recorder: Recorder) -> Comparison:
    """Time of the same training while the recorder runs and while it is stopped; who is first alternates."""
    train = training()
    train(20)
    steps = max(1, round(ARM_S / seconds(train, 50) * 50))
    pairs: List[Tuple[float, float]] = []
    for pair in range(PAIRS):
        times = {}
        for recorded in (True, False) if pair % 2 else (False, True):
            recorder.process.send_signal(signal.SIGCONT if recorded else signal.SIGSTOP)
            times[recorded] = seconds(train, steps)
        pairs.append((times[True], times[False]))
    recorder.process.send_signal(signal.SIGCONT)
    recorded_s, bare_s = zip(*pairs)
    interval = median_interval([ours / theirs for ours, theirs in pairs])
    return Comparison(*interval, statistics.median(recorded_s), statistics.median(bare_s), PAIRS)


def line(name: str, value: float, limit: float, **further: float) -> str:
    return json.dumps({"benchmark": name, "limit": limit, "ok": value <= limit, "value": value, **further})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, emulator() as port:
        with Recorder(port, folder, 1) as recorder:
            print(overhead(recorder).line("training with / without recording at 100 Hz", MOST_RATIO), flush=True)
        with Recorder(port, folder, 2) as recorder:
            begin, cpu_s = time.monotonic(), recorder.cpu_s()
            time.sleep(STEADY_S)
            share = (recorder.cpu_s() - cpu_s) / (time.monotonic() - begin)
            peak_mb = recorder.peak_mb()
        print(line("recorder at 100 Hz: share of a core", share, MOST_CPU, seconds=STEADY_S))
        print(line("recorder at 100 Hz: peak memory in MB", peak_mb, MOST_MB))
        print(line("recorder at 100 Hz: samples missed", recorder.closed["missed"], 0, **recorder.closed))


if __name__ == "__main__":
    main()
