"""What recording at 100 Hz costs: processor time and memory of the recorder, and time of a training beside it.

The emulated meter runs in both arms.  Without recording the recorder is stopped for a quarter of a second; what the
meter sends meanwhile it reads in the next arm, so that recording is charged for twice its samples.  Arms that short
see the same state of a machine that others use too, and there are enough pairs to tell a percent.
"""

import signal
import statistics
import tempfile
import time
from typing import Callable, List, Tuple

from benchmarks.paired import Comparison, line, median_interval
from benchmarks.recording import Recorder, emulator

PAIRS, ARM_S, STEADY_S = 1500, 0.25, 300.0
MOST_CPU, MOST_MB, MOST_RATIO = 0.01, 120, 1.01


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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, emulator() as port:
        meters = [("smartpower3", {"port": port})]
        with Recorder(meters, folder + "/paired") as recorder:
            print(overhead(recorder).line("training with / without recording at 100 Hz", MOST_RATIO), flush=True)
        with Recorder(meters, folder + "/steady") as recorder:
            share = recorder.share(STEADY_S)
            peak_mb = recorder.peak_mb()
        print(line("recorder at 100 Hz: share of a core", share, MOST_CPU, seconds=STEADY_S))
        print(line("recorder at 100 Hz: peak memory in MB", peak_mb, MOST_MB))
        print(line("recorder at 100 Hz: samples missed", recorder.closed[0]["missed"], 0, **recorder.closed[0]))


if __name__ == "__main__":
    main()
