"""A recorder and emulated meters as child processes, for the benchmarks that look at them."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

ROOT = Path(__file__).parents[1]
SETTLE_S = 2.0  # by then everything has been loaded


def child(*arguments: str, **environment: str) -> subprocess.Popen:
    command, surroundings = [sys.executable, "-m", *arguments], dict(os.environ, **environment)
    return subprocess.Popen(command, cwd=str(ROOT), env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@contextlib.contextmanager
def emulator(kind: str = "smartpower3", *arguments: str) -> Iterator[str]:
    """The port of an emulated meter, by default a SmartPower3 at 100 Hz."""
    process = child("meters.emulators", kind, "--profile", "sine", *arguments)
    try:
        yield json.loads(process.stdout.readline().decode())["port"]
    finally:
        process.stdin.close()
        process.wait()


class Recorder:
    """A recorder of `meters` (kind and options) that has begun; `closed` holds the statistics of each in the end."""

    def __init__(self, meters: Sequence[Tuple[str, Dict[str, Any]]], folder: str, **asked: Any) -> None:
        named = [{"name": f"{kind}{n}", "kind": kind, "options": options} for n, (kind, options) in enumerate(meters)]
        self.closed: List[Dict[str, Any]] = []
        self.process = child("harness.recorder")
        self._send(directory=folder, attempt=1, meters=named, **asked)
        self._wait_for("ready")

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._send(stop=True)
        self.closed = list(self._wait_for("closed").values())
        self.process.wait()

    def cpu_s(self) -> float:
        """Of all its threads, to the nanosecond."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def share(self, seconds: float) -> float:
        """Of a core, once it has settled."""
        time.sleep(SETTLE_S)
        begin, cpu_s = time.monotonic(), self.cpu_s()
        time.sleep(seconds)
        return (self.cpu_s() - cpu_s) / (time.monotonic() - begin)

    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024

    def _send(self, **message: object) -> None:
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _wait_for(self, key: str) -> Dict[str, Any]:
        for line in self.process.stdout:
            message = json.loads(line.decode())
            if key in message:
                return message[key]
        raise RuntimeError(f"the recorder ended before {key}")
