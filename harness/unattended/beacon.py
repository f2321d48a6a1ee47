"""What a run is doing right now, in a small file where `harness status` finds it."""

import fcntl
import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from harness import rundir
from harness.plan import stage_name
from harness.progress import Progress, describe
from workloads.job import Training

EVERY_S = 5.0  # while nothing but numbers change, so that flash is spared


class Beacon:
    """Tells a `Progress` what it is told, and writes it to the study's `live.json` beside."""

    def __init__(self, progress: Progress, folder: rundir.StudyFolder, order: List[Tuple[int, Training]]):
        self._progress, self._folder, self._order = progress, folder, order
        self._number, self._next = 0, 0.0
        self._now: Dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._progress, name)

    def skip(self, stage: Training) -> None:
        self._number += 1
        self._progress.skip(stage)

    def stage(self, stage: Training) -> None:
        self._progress.stage(stage)
        repetition, self._number = self._order[self._number][0], self._number + 1
        self._now = {"stage": stage_name(stage), "repetition": repetition, "what": describe(stage)}
        self._write("starting")

    def phase(self, text: str) -> None:
        self._progress.phase(text)
        self._write(text)

    def update(self, phase: Optional[str] = None, epoch: int = 0, epochs: int = 0, **details: Any) -> None:
        self._progress.update(phase=phase, epoch=epoch, epochs=epochs, **details)
        doing = f"{getattr(self._progress, 'unit', 'epoch')} {epoch + 1} of {epochs}" if phase is None else phase
        if doing != self._now.get("doing") or time.monotonic() >= self._next:
            self._write(doing)

    def close(self) -> None:
        self._progress.close()
        if self._folder.live.exists():
            self._folder.live.unlink()

    def _write(self, doing: str) -> None:
        self._now["doing"], self._next = doing, time.monotonic() + EVERY_S
        facts = {
            "schema": 1,
            "pid": os.getpid(),
            "number": self._number,
            "of": len(self._order),
            "power": self._progress.power,
            "left_s": self._progress.estimate.seconds(self._progress.overhead_s),
            "updated_utc": datetime.now(timezone.utc).isoformat(),
            **self._now,
        }
        temporary = self._folder.live.with_name(self._folder.live.name + ".tmp")
        temporary.write_text(json.dumps(facts))  # not synced: nobody needs it after a power cut
        os.replace(str(temporary), str(self._folder.live))


def running(directory: Path) -> List[Dict[str, Any]]:
    """What each run at work into or below a directory is doing; what a killed run has left is not told."""
    found = []
    for path in rundir.live_files(directory):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        folder = rundir.StudyFolder(path.parent)
        if _holds(folder.machine.lock, facts.get("pid")):
            found.append(dict(facts, study=folder.folder.name))
    return found


def _holds(lock: Path, pid: Any) -> bool:
    """Whether a process holds the lock of a machine's folder, and wrote its number there."""
    try:
        with open(str(lock)) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return lock.read_text() == str(pid)
    except OSError:
        return False
