"""One stage under measurement: starts the recorder, then the worker, and carries messages between them."""

import json
import os
import selectors
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from harness import machine, rundir
from harness.errors import UserError
from harness.lines import Inbox, send
from harness.phases import monotonic_ns
from workloads.job import Training

ANCHOR_EVERY_S = 60.0
CLOSING_S = 120.0


@dataclass(frozen=True)
class Settings:
    """How stages are run: what may not change between the attempts at one stage, and what is waited for."""

    meters: Tuple[Any, ...]
    idle_s: float
    cooldown_s: float
    detection_s: float
    threads: int
    data_dir: Optional[str]


class Child:
    """A process of ours, started by exec in a session of its own; it ends when its stdin is closed."""

    def __init__(self, *arguments: str, keep_open: Tuple[int, ...] = ()):
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join([root] + [p for p in [os.environ.get("PYTHONPATH")] if p])
        self.process = subprocess.Popen(
            [sys.executable, "-m"] + list(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            pass_fds=keep_open,
            env=dict(os.environ, PYTHONPATH=path),
            bufsize=0,
        )
        self.inbox = Inbox(self.process.stdout.fileno())

    def __enter__(self) -> "Child":
        return self

    def send(self, **message: Any) -> None:
        """Send, or do nothing where the child has ended: its end is noticed where its messages are read."""
        try:
            send(self.process.stdin, **message)
        except BrokenPipeError:
            pass

    def __exit__(self, *unused: Any) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Session:
    """The attempt at one repetition of a stage; `run` returns when it is complete and sealed."""

    def __init__(
        self,
        rep: rundir.Rep,
        training: Training,
        source: Optional[rundir.Rep],
        settings: Settings,
        progress: Any,
        lock: int,
    ):
        self.rep, self.training, self.source, self.settings = rep, training, source, settings
        self.progress, self.lock = progress, lock
        self.attempt = next_attempt(rep)
        self._next_anchor = 0.0

    def run(self, manifest: Dict[str, Any]) -> None:
        """Measure the stage; `manifest` is what is known of it before the meters have answered."""
        self.rep.power.mkdir(parents=True, exist_ok=True)
        with ExitStack() as children:
            recorder = self._start_recorder(children)
            ready = self._wait_for_meters(recorder) if recorder else []
            self._write_manifest(manifest, ready)
            worker = children.enter_context(Child("harness.worker", keep_open=(self.lock,)))
            worker.send(**self._task(ready))
            self._serve(worker, recorder)
            if recorder:
                self._close(recorder)
        rundir.seal(self.rep)

    def _start_recorder(self, children: ExitStack) -> Optional[Child]:
        if not self.settings.meters:
            return None
        meters = [
            {"name": spec.name, "kind": spec.kind, "options": self._options(spec, children)}
            for spec in self.settings.meters
        ]
        recorder = children.enter_context(Child("harness.recorder", keep_open=(self.lock,)))
        recorder.send(directory=str(self.rep.power), attempt=self.attempt, meters=meters, batch_s=1.0)
        return recorder

    def _options(self, spec: Any, children: ExitStack) -> Dict[str, Any]:
        """A meter's options; `port=emulate:PROFILE` becomes the port of an emulator that is started here."""
        options = dict(spec.options)
        scheme, _, profile = str(options.get("port", "")).partition(":")
        if scheme != "emulate":
            return options
        arguments = [
            "meters.emulators",
            spec.kind,
            "--profile",
            profile or "cpu",
            "--log",
            str(self.rep.emulator_log(spec.name, self.attempt)),
        ]
        emulator = children.enter_context(Child(*arguments))
        try:
            options["port"] = _first_message(emulator)["port"]
        except EOFError:
            raise UserError(f"the emulator of {spec.kind} did not start with profile {profile!r}") from None
        return options

    def _wait_for_meters(self, recorder: Child) -> List[Dict[str, Any]]:
        self.progress.phase("waiting for the meters")
        while True:
            try:
                messages = recorder.inbox.read()
            except EOFError:
                raise UserError("the recorder ended before every meter had delivered") from None
            for message in messages:
                if "ready" in message:
                    return message["ready"]
                self._from_recorder(message)

    def _write_manifest(self, manifest: Dict[str, Any], ready: List[Dict[str, Any]]) -> None:
        started = {
            "attempt": self.attempt,
            "started_utc": datetime.now(timezone.utc).isoformat(),
            "boot_id": machine.boot_id(),
            "differences": manifest.pop("differences"),
        }
        manifest = dict(
            manifest,
            meters=[dict(meter) for meter in ready],
            simulated=any(meter["simulated"] for meter in ready),
            attempts=_attempts(self.rep) + [started],
        )
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        rundir.write(self.rep.manifest, lambda file: file.write(text.encode()))

    def _task(self, ready: List[Dict[str, Any]]) -> Dict[str, Any]:
        """What the worker is told: waits are at least what the slowest meter needs (60 periods, 5 time constants)."""
        period_s = max([meter["period_s"] for meter in ready] or [0.0])
        tau_s = max([channel.get("tau_s") or 0.0 for meter in ready for channel in meter["channels"]] or [0.0])
        metered, settings = bool(ready), self.settings
        idle_s = max(settings.idle_s, 60 * period_s) if metered else 0.0
        return {
            "folder": str(self.rep.folder),
            "attempt": self.attempt,
            "metered": metered,
            "training": self.training.full(),
            "source": str(self.source.folder) if self.source else None,
            "idle_s": idle_s,
            "pulse_s": min(max(0.5, 3 * period_s), idle_s / 10),
            "cooldown_s": max(settings.cooldown_s, 5 * tau_s, 3 * period_s) if metered else 0.0,
            "detection_s": max(settings.detection_s, 60 * period_s, 20 * tau_s) if metered else 0.0,
            "threads": settings.threads,
            "data_dir": settings.data_dir,
        }

    def _serve(self, worker: Child, recorder: Optional[Child]) -> None:
        """Carry messages until the worker is done; either child's death ends the attempt with its sentence."""
        done = False
        with selectors.DefaultSelector() as selector:
            for child in [worker] + ([recorder] if recorder else []):
                selector.register(child.inbox.descriptor, selectors.EVENT_READ, child)
            while not done:
                self._anchor_clock()
                for key, _ in selector.select(timeout=1.0):
                    if key.data is worker:
                        done = self._from_worker(worker, recorder) or done
                    else:
                        self._relay(recorder, worker)

    def _relay(self, recorder: Child, worker: Child) -> None:
        try:
            messages = recorder.inbox.read()
        except EOFError:
            status = recorder.process.wait()
            raise UserError(
                f"the recorder ended ({_ending(status)}): nothing is measured any more, so the work was stopped; "
                "run the same command again to resume"
            ) from None
        for message in messages:
            if "synced" in message:
                worker.send(synced=message["synced"])
            self._from_recorder(message)

    def _from_recorder(self, message: Dict[str, Any]) -> None:
        if "error" in message:
            raise UserError(message["error"])
        if "warning" in message:
            self.progress.warn(message["warning"])
        if "gap" in message:
            gap = message["gap"]
            seconds = (gap["stop_ns"] - gap["start_ns"]) / 1e9
            self.progress.warn(
                f"meter {gap['meter']} delivered nothing for {seconds:.1f} s; the gap is in the trace and in the table"
            )
        if "watts" in message:
            self.progress.watts(message["watts"])

    def _from_worker(self, worker: Child, recorder: Optional[Child]) -> bool:
        """Handle what the worker says; True when its work is done."""
        try:
            messages = worker.inbox.read()
        except EOFError:
            status = worker.process.wait()
            raise UserError(
                f"the training process ended ({_ending(status)}); run the same command again to resume from its last "
                "finished epoch"
            ) from None
        for message in messages:
            if "sync" in message and recorder:
                recorder.send(sync=message["sync"])
            if "error" in message:
                raise UserError(message["error"])
            if "progress" in message:
                self.progress.update(**message["progress"])
        return any("done" in message for message in messages)

    def _close(self, recorder: Child) -> None:
        """Let the recorder take its last samples and close its traces."""
        self.progress.phase("closing the traces")
        recorder.send(stop=True)
        try:
            while True:
                for message in recorder.inbox.read():
                    self._from_recorder(message)
        except EOFError:
            status = recorder.process.wait()
        if status != 0:
            raise UserError(f"the recorder could not close its traces ({_ending(status)}); run the same command again")

    def _anchor_clock(self) -> None:
        """Tie the monotonic clock to UTC, once a minute, for whoever compares with another host."""
        if time.monotonic() < self._next_anchor:
            return
        self._next_anchor = time.monotonic() + ANCHOR_EVERY_S
        before, utc_ns, after = monotonic_ns(), int(time.time() * 1e9), monotonic_ns()
        line = {
            "monotonic_ns": (before + after) // 2,
            "utc_ns": utc_ns,
            "within_ns": after - before,
            "boot_id": machine.boot_id(),
            "attempt": self.attempt,
        }
        with open(str(self.rep.clock), "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _first_message(child: Child) -> Dict[str, Any]:
    messages: List[Dict[str, Any]] = []
    while not messages:
        messages = child.inbox.read()
    return messages[0]


def next_attempt(rep: rundir.Rep) -> int:
    """One more than any attempt that left a trace or stands in the manifest: a trace is never appended to."""
    return 1 + max([attempt["attempt"] for attempt in _attempts(rep)] + [n for _, n, _ in rep.traces()] + [0])


def _attempts(rep: rundir.Rep) -> List[Dict[str, Any]]:
    return read_manifest(rep).get("attempts", [])


def read_manifest(rep: rundir.Rep) -> Dict[str, Any]:
    """The manifest of a repetition, empty where none was begun; an unreadable one raises."""
    try:
        return json.loads(rep.manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(
            f"{rep.manifest} is not readable ({error}); move the folder {rep.folder} away to run this stage again"
        ) from error


def _ending(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"
