"""The meters of a measurement at work: one recorder for all of them, and the emulators that a trial asks for."""

from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from harness import rundir
from harness.child import Child
from harness.errors import UserError
from harness.recording.asked import NOTHING, Asked
from meters.errors import MeterError

EMULATED = "emulate:"


class Instruments:
    """Records `meters` into `power` from entering to leaving; `ready` tells what each meter is, `scheduling` how the
    recorder runs, and after `close` `statistics` how well each meter was sampled.

    `warn` is called with sentences, `watts` with the latest power of each meter, `synced` with the time up to which
    samples are on disk. Messages of the recorder arrive in `inbox`; whoever reads it hands them to `receive`.
    """

    def __init__(
        self,
        meters: Sequence[Any],
        power: Path,
        attempt: int,
        inbox: Queue,
        warn: Callable[[str], None],
        watts: Callable[[Dict[str, Optional[float]]], None] = lambda watts: None,
        synced: Callable[[int], None] = lambda t_ns: None,
        keep_open: Tuple[int, ...] = (),
        asked: Asked = NOTHING,
    ):
        self._meters, self._power, self._attempt, self._inbox = meters, power, attempt, inbox
        self._warn, self._watts, self._synced, self._keep_open = warn, watts, synced, keep_open
        self._asked = asked
        self._children = ExitStack()
        self.ready: List[Dict[str, Any]] = []
        self.scheduling: Dict[str, Any] = {}
        self.statistics: Dict[str, Any] = {}
        self.recorder: Optional[Child] = None

    def __enter__(self) -> "Instruments":
        if self._meters:
            try:
                self._begin()
            except BaseException:
                self._children.close()
                raise
        return self

    def __exit__(self, *unused: Any) -> None:
        self._children.close()

    def sync(self, t_ns: int) -> None:
        """Ask for every sample up to `t_ns` to be on disk; `synced` is called when it is."""
        if self.recorder:
            self.recorder.send(sync=t_ns)

    def receive(self, message: Optional[Dict[str, Any]]) -> None:
        """Take a message of the recorder; raises UserError when it has failed or ended."""
        if message is None:
            raise UserError(
                f"the recorder ended ({self.recorder.ending()}): nothing is measured any more, so the work stops; "
                "run the same command again to resume"
            )
        if "error" in message:
            raise UserError(message["error"])
        if "scheduling" in message:
            self.scheduling = message["scheduling"]
        if "ready" in message:
            self.ready = message["ready"]
        if "closed" in message:
            self.statistics = message["closed"]
        if "synced" in message:
            self._synced(message["synced"])
        if "watts" in message:
            self._watts(message["watts"])
        if "warning" in message:
            self._warn(message["warning"])
        if "gap" in message:
            gap = message["gap"]
            seconds = (gap["stop_ns"] - gap["start_ns"]) / 1e9
            self._warn(
                f"meter {gap['meter']} delivered nothing for {seconds:.1f} s; the gap is in the trace and in the table"
            )

    def close(self) -> None:
        """Let the recorder take its last samples and close its traces; raises UserError when it can't."""
        if self.recorder is None:
            return
        self.recorder.send(stop=True)
        for message in self._recorder_says():
            if message is None:
                break
            self.receive(message)
        if self.recorder.process.wait() != 0:
            raise UserError(
                f"the recorder could not close its traces ({self.recorder.ending()}); run the command again"
            )

    def _begin(self) -> None:
        meters = [self._request(spec) for spec in self._meters]
        self.recorder = self._children.enter_context(
            Child("harness.recorder", inbox=self._inbox, keep_open=self._keep_open)
        )
        self.recorder.send(
            directory=str(self._power), attempt=self._attempt, meters=meters, batch_s=1.0, **self._asked.request()
        )
        for message in self._recorder_says():
            self.receive(message)
            if self.ready:
                return

    def _request(self, spec: Any) -> Dict[str, Any]:
        log = rundir.emulator_log(self._power, spec.name, self._attempt)
        return {"name": spec.name, "kind": spec.kind, "options": plugged_in(spec, self._children, log)}

    def _recorder_says(self):
        """Messages of the recorder while nothing else is under way."""
        while True:
            child, message = self._inbox.get()
            if child is self.recorder:
                yield message


def plugged_in(spec: Any, children: ExitStack, log: Optional[Path] = None) -> Dict[str, Any]:
    """A meter's options; `port=emulate:PROFILE` becomes the port of an emulator that runs until `children` closes."""
    options = dict(spec.options)
    port = str(options.get("port", ""))
    if not port.startswith(EMULATED):
        return options
    answers: Queue = Queue()
    arguments = _emulator(spec.kind, port[len(EMULATED) :] or "cpu", options) + (["--log", str(log)] if log else [])
    children.enter_context(Child(*arguments, inbox=answers))
    _, message = answers.get()
    if message is None:
        raise UserError(f"the emulator of {spec.kind} has ended, as said above")
    return dict(options, port=message["port"])


def _emulator(kind: str, profile: str, options: Dict[str, Any]) -> List[str]:
    """The command of an emulator that says what a meter with these options expects; mistakes are told before."""
    from meters.emulators import profiles
    from meters.emulators.__main__ import expected

    try:
        profiles.profile(profile)
        variant = expected(kind, options)
    except MeterError as error:
        raise UserError(str(error), code=2) from error
    return ["meters.emulators", kind, "--profile", profile] + (["--variant", variant] if variant else [])
