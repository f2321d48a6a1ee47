"""Samples the state of the machine once a second into a file, as lightly as it can: files stay open, one pread each."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from harness.board.gauges import Gauge, gauges
from harness.lines import drop_torn_line
from harness.phases import monotonic_ns

PERIOD_S = 1.0
LONGEST_NODE = 64
LONGEST_STAT = 1 << 15


class Readings:
    """The gauges of a machine, kept open; `read()`: the value of each by its name, None where it has none now."""

    def __init__(self, root: Path):
        self.gauges: List[Gauge] = []
        self._files: List[int] = []
        self._held: Dict[str, Optional[float]] = {}
        self._loads = Loads(root)
        for gauge in gauges(root):
            try:
                self._files.append(os.open(str(gauge.path), os.O_RDONLY))
            except OSError:
                continue  # for root only
            self.gauges.append(gauge)
        self._busy = {gauge.busy: gauge.cpus.split() for gauge in self.gauges if gauge.busy and gauge.cpus}
        self._ticks = 0

    def described(self) -> Dict[str, Any]:
        """What each value is, by its name."""
        return {**{gauge.name: gauge.described() for gauge in self.gauges}, **{name: {} for name in self._load_names()}}

    def read(self) -> Dict[str, Optional[float]]:
        for gauge, file in zip(self.gauges, self._files):
            if self._ticks % gauge.every_s == 0:
                self._held[gauge.name] = _value(file, gauge.scale)
        self._ticks += 1
        shares = self._loads.read()
        for name, cpus in self._busy.items():
            self._held[name] = max([shares[cpu] for cpu in cpus if cpu in shares], default=None)
        self._held["cpus_busy"] = shares.get("")
        return dict(self._held)

    def close(self) -> None:
        self._loads.close()
        while self._files:
            os.close(self._files.pop())

    def _load_names(self) -> List[str]:
        return list(self._busy) + ["cpus_busy"]


class Loads:
    """The share of the time since the last reading for which each CPU was busy; the key "" is all of them together."""

    def __init__(self, root: Path):
        self._before: Dict[str, List[int]] = {}
        try:
            self._file: Optional[int] = os.open(str(root / "proc/stat"), os.O_RDONLY)
        except OSError:
            self._file = None
        self.read()

    def read(self) -> Dict[str, float]:
        shares = {}
        for line in self._lines():
            words = line.split()
            if not words or not words[0].startswith(b"cpu"):
                break
            ticks = [int(word) for word in words[1:9]]
            name = words[0][len("cpu") :].decode()
            spent = [now - before for now, before in zip(ticks, self._before.get(name, ticks))]
            self._before[name] = ticks
            if sum(spent) > 0:
                shares[name] = round(1 - (spent[3] + spent[4]) / sum(spent), 2)  # idle, and waiting for a disk
        return shares

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def _lines(self) -> List[bytes]:
        return [] if self._file is None else os.pread(self._file, LONGEST_STAT, 0).split(b"\n")


class Sampler:
    """Writes the state into `path` from entering to leaving, by a thread of its own.

    The first line of an attempt says what is sampled, with every value; a later line has its time and what changed.
    """

    def __init__(self, path: Path, attempt: int, root: Path = Path("/"), period_s: float = PERIOD_S):
        self._path, self._attempt, self._root, self._period_s = path, attempt, root, period_s
        self._over = threading.Event()
        self.samples, self.cpu_s = 0, 0.0

    def __enter__(self) -> "Sampler":
        drop_torn_line(self._path)
        self._thread = threading.Thread(target=self._run, name="board state", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *unused: Any) -> None:
        self._over.set()
        self._thread.join()

    def statistics(self) -> Dict[str, Any]:
        """What sampling took: samples, and processor seconds of its thread."""
        return {"samples": self.samples, "cpu_s": round(self.cpu_s, 4)}

    def _run(self) -> None:
        readings = Readings(self._root)
        with open(str(self._path), "a", encoding="utf-8") as file:
            try:
                self._sample(readings, file)
            finally:
                readings.close()

    def _sample(self, readings: Readings, file: Any) -> None:
        due, before = time.monotonic(), {}  # type: float, Dict[str, Optional[float]]
        head: Dict[str, Any] = {"attempt": self._attempt, "gauges": readings.described()}
        while True:
            t_ns = monotonic_ns()
            now = readings.read()
            changed = {name: value for name, value in now.items() if name not in before or before[name] != value}
            file.write(json.dumps({"t_ns": t_ns, **head, **changed}) + "\n")
            file.flush()
            before, head = now, {}
            self.samples += 1
            self.cpu_s = time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)
            due = max(due + self._period_s, time.monotonic())
            if self._over.wait(due - time.monotonic()):
                return


def _value(file: int, scale: float) -> Optional[float]:
    try:
        value = int(os.pread(file, LONGEST_NODE, 0))
    except (OSError, ValueError):
        return None  # a gated zone, a channel that is switched off
    return value if scale == 1.0 else round(value * scale, 3)
