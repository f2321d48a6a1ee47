"""What the recorder takes of a core: a fast SmartPower3, four meters at once, and six INA3221 rails at three rates."""

import tarfile
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.paired import line
from benchmarks.recording import ROOT, Recorder, emulator

SECONDS = 20.0
TREE = ROOT / "tests/data/jetson/TX2-R32-idle.tar"
MOST_FAST, MOST_FOUR, MOST_FOUR_MB = 0.015, 0.06, 150
MOST_RAILS = {10: 0.0015, 100: 0.006, 1000: 0.025}  # rows per second: share of a core
FAST = ("--baud", "230400", "--interval", "5")


def imitated_board(folder: str) -> str:
    with tarfile.open(str(TREE)) as tar:
        tar.extractall(folder)
    return str(Path(folder) / TREE.stem)


def fast(folder: str) -> None:
    with emulator("smartpower3", *FAST) as port:
        with Recorder([("smartpower3", {"port": port, "baud": 230400})], folder) as recorder:
            share = recorder.share(SECONDS)
        missed = recorder.closed[0]["missed"]
    print(line("smartpower3 at 200 Hz: share of a core", share, MOST_FAST, missed=missed), flush=True)


def four(folder: str, board: str) -> None:
    """One that streams, two that are asked, and the board's own sensors."""
    with ExitStack() as children:
        kinds = ("smartpower3", "tc66", "scpi")
        ports = [children.enter_context(emulator(kind)) for kind in kinds]
        meters = [(kind, {"port": port}) for kind, port in zip(kinds, ports)] + [("ina3221", {"root": board})]
        with Recorder(meters, folder) as recorder:
            share, peak_mb = recorder.share(SECONDS), recorder.peak_mb()
    print(line("four meters at once: share of a core", share, MOST_FOUR))
    print(line("four meters at once: peak memory in MB", peak_mb, MOST_FOUR_MB), flush=True)


def rails(folder: str, board: str) -> None:
    for rate, most in MOST_RAILS.items():
        with Recorder([("ina3221", {"root": board, "rate": rate})], f"{folder}/{rate}") as recorder:
            share = recorder.share(SECONDS)
        further = {"achieved_Hz": recorder.closed[0]["achieved_Hz"], "sleeping_alone": sleeping_alone(rate)}
        print(line(f"six INA3221 rails at {rate} Hz: share of a core", share, most, **further), flush=True)


def sleeping_alone(rate: int, seconds: float = 10.0) -> float:
    """What a loop that only sleeps takes of a core on this machine: waking up costs some virtual machines dear."""
    end, cpu_s = time.monotonic() + seconds, time.process_time()
    while time.monotonic() < end:
        time.sleep(1 / rate)
    return (time.process_time() - cpu_s) / seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        board = imitated_board(folder)
        fast(folder + "/fast")
        four(folder + "/four", board)
        rails(folder, board)


if __name__ == "__main__":
    main()
