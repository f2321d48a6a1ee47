"""One stage under measurement: starts the recorder, then the worker, and carries messages between them."""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from queue import Empty, Queue
from typing import Any, Dict, List, Optional, Tuple

from harness import heap, machine, rundir
from harness.board.gate import Gate, wait
from harness.board.sampler import Sampler
from harness.board.snapshot import snapshot
from harness.child import Child
from harness.doctor import output
from harness.errors import UserError
from harness.instruments import Instruments
from harness.ledger.stage import read_json
from harness.out_of_memory import Kills
from harness.recording.asked import NOTHING, Asked
from meters.clock import anchor
from workloads.job import Training

ANCHOR_EVERY_S = 60.0


@dataclass(frozen=True)
class Settings:
    """How stages are run: what may not change between the attempts at one stage, and what is waited for."""

    meters: Tuple[Any, ...]
    idle_s: float
    cooldown_s: float
    detection_s: float
    threads: int
    data_dir: Optional[str]
    devices: int = 1
    recorder: Asked = NOTHING
    gate: Gate = Gate()
    keep_checkpoints: bool = False
    elsewhere: bool = False  # a meter at another machine sees it, so that idle and pulses are needed


class Session:
    """The attempt at one repetition of a stage; `run` returns when it is complete and sealed."""

    def __init__(
        self,
        rep: rundir.Rep,
        training: Training,
        sources: List[rundir.Rep],
        settings: Settings,
        progress: Any,
        lock: int,
    ):
        self.rep, self.training, self.sources, self.settings = rep, training, sources, settings
        self.progress, self.lock = progress, lock
        self.attempt = next_attempt(rep)
        self.inbox: Queue = Queue()
        self._next_anchor = 0.0

    def run(self, manifest: Dict[str, Any]) -> None:
        """Measure the stage; `manifest` is what is known of it before the meters have answered."""
        self.rep.power.mkdir(parents=True, exist_ok=True)
        gate = wait(self.settings.gate, self.progress.phase, self.progress.warn)
        before = snapshot(output)
        self.progress.phase("waiting for the meters")
        with self._instruments() as instruments:
            self._write_manifest(manifest, instruments.ready)
            self._enter(board_before=before, gate=gate, scheduling=instruments.scheduling)
            with Sampler(self.rep.state, self.attempt) as state:
                with self._worker() as self.worker:
                    self.worker.send(**self._task(instruments.ready))
                    self._serve(instruments)
            self.progress.phase("closing the traces")
            instruments.close()
        self._enter(recorder=instruments.statistics, board_after=snapshot(output), board_sampling=state.statistics())
        rundir.seal(self.rep, self.settings.keep_checkpoints)

    def _worker(self) -> Child:
        self._kills = Kills(self.training.batch_size)
        devices = self.settings.devices
        words = ["harness.worker"] if devices == 1 else ["harness.ranks", str(devices)]
        return Child(*words, inbox=self.inbox, keep_open=(self.lock,), environment=heap.environment())

    def _instruments(self) -> Instruments:
        return Instruments(
            self.settings.meters,
            self.rep.power,
            self.attempt,
            self.inbox,
            warn=self.progress.warn,
            watts=self.progress.watts,
            synced=lambda t_ns: self.worker.send(synced=t_ns),
            keep_open=(self.lock,),
            asked=self.settings.recorder,
        )

    def _write_manifest(self, manifest: Dict[str, Any], ready: List[Dict[str, Any]]) -> None:
        started = {
            "attempt": self.attempt,
            "started_utc": datetime.now(timezone.utc).isoformat(),
            "boot_id": machine.boot_id(),
            "differences": manifest.pop("differences"),
        }
        manifest = dict(
            manifest,
            meters=ready,
            simulated=any(meter["simulated"] for meter in ready),
            attempts=_attempts(self.rep) + [started],
        )
        _write(self.rep, manifest)

    def _enter(self, **facts: Any) -> None:
        """Add to what the manifest says of this attempt."""
        manifest = read_manifest(self.rep)
        manifest["attempts"][-1].update(facts)
        _write(self.rep, manifest)

    def _task(self, ready: List[Dict[str, Any]]) -> Dict[str, Any]:
        """What the worker is told: waits are at least what the slowest meter needs (60 periods, 5 time constants)."""
        period_s = max([meter["period_s"] for meter in ready] or [0.0])
        tau_s = max([channel.get("tau_s") or 0.0 for meter in ready for channel in meter["channels"]] or [0.0])
        settings = self.settings
        metered, seen = bool(ready), bool(ready) or settings.elsewhere
        idle_s = max(settings.idle_s, 60 * period_s) if seen else 0.0
        return {
            "folder": str(self.rep.folder),
            "attempt": self.attempt,
            "metered": metered,
            "training": self.training.full(),
            "sources": [str(source.folder) for source in self.sources],
            "idle_s": idle_s,
            "pulse_s": min(max(0.5, 3 * period_s), idle_s / 10),
            "cooldown_s": max(settings.cooldown_s, 5 * tau_s, 3 * period_s) if seen else 0.0,
            "detection_s": max(settings.detection_s, 60 * period_s, 20 * tau_s) if seen else 0.0,
            "threads": max(1, settings.threads // settings.devices),
            "devices": settings.devices,
            "data_dir": settings.data_dir,
        }

    def _serve(self, instruments: Instruments) -> None:
        """Carry messages until the worker is done; either child's death ends the attempt with its sentence."""
        done = False
        while not done:
            self._anchor_clock()
            try:
                child, message = self.inbox.get(timeout=ANCHOR_EVERY_S)
            except Empty:
                continue
            if child is self.worker:
                done = self._from_worker(message, instruments)
            else:
                instruments.receive(message)

    def _from_worker(self, message: Optional[Dict[str, Any]], instruments: Instruments) -> bool:
        """Handle what the worker says; True when its work is done."""
        if message is None:
            ending = self.worker.ending()
            why = self._kills.why(self.worker.process.returncode)
            raise UserError(
                f"the training process ended ({ending}{why}); run the same command again to resume from its last "
                "finished epoch"
            )
        if "error" in message:
            raise UserError(message["error"])
        if "sync" in message:
            instruments.sync(message["sync"])
        if "progress" in message:
            self.progress.update(**message["progress"])
        return "done" in message

    def _anchor_clock(self) -> None:
        """Tie the monotonic clock to UTC, once a minute, for whoever compares with another host."""
        if time.monotonic() < self._next_anchor:
            return
        self._next_anchor = time.monotonic() + ANCHOR_EVERY_S
        line = {**anchor(), "boot_id": machine.boot_id(), "attempt": self.attempt}
        with open(str(self.rep.clock), "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def next_attempt(rep: rundir.Rep) -> int:
    """One more than any attempt that left a trace or stands in the manifest: a trace is never appended to."""
    return 1 + max([attempt["attempt"] for attempt in _attempts(rep)] + [n for _, n, _ in rep.traces()] + [0])


def _attempts(rep: rundir.Rep) -> List[Dict[str, Any]]:
    return read_manifest(rep).get("attempts", [])


def _write(rep: rundir.Rep, manifest: Dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    rundir.write(rep.manifest, lambda file: file.write(text.encode()))


def read_manifest(rep: rundir.Rep) -> Dict[str, Any]:
    """The manifest of a repetition, empty where none was begun; a damaged one or one of a newer harness raises."""
    if not rep.manifest.exists():
        return {}
    try:
        return read_json(rep.manifest)
    except UserError as error:
        raise UserError(f"{error}, or move the folder {rep.folder} away to run this stage again") from error
