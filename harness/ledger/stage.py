"""One repetition of a stage, finished or not, as its directory tells it: what was asked, windows, result, energies."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from harness import rundir
from harness.errors import UserError
from harness.ledger import anchors, events
from harness.ledger.anchors import Anchor
from harness.ledger.energies import Reading, readings, unread
from harness.ledger.kept_open import KeptOpen
from harness.ledger.records import ATTACHED, MANIFEST, check
from harness.ledger.slowdowns import Slowdown, slowdowns
from harness.ledger.state import State
from harness.ledger.state import read as read_states
from harness.ledger.windows import Window, own_spans, windows
from meters import calibration as calibrations
from meters.calibration import Calibration
from meters.errors import MeterError
from workloads.job import EMULATED

SCHEMA = 1
LARGEST_JSON = 1 << 26


class StageRun:
    """A repetition's ledger; `result` is empty until the work has returned one."""

    def __init__(self, rep: rundir.Rep, manifest: Dict[str, Any], lines: List[Dict[str, Any]], traces: KeptOpen):
        self.rep, self.manifest, self.complete = rep, manifest, rep.complete
        self._traces = traces
        self.attempts = events.attempts(lines)
        self.result: Dict[str, Any] = events.result(lines)
        self.attached: List[Dict[str, Any]] = _attached(rep)
        self._windows: Optional[List[Window]] = None
        self._own_spans: Optional[List[List[Tuple[int, int]]]] = None
        self._energies: Dict[Tuple[str, Optional[str]], List[Reading]] = {}
        self._states: Optional[List[State]] = None
        self._slowdowns: Optional[List[Slowdown]] = None

    @classmethod
    def open(cls, rep_dir: Union[str, Path], traces: Optional[KeptOpen] = None) -> "StageRun":
        """Read the directory of a repetition; a damaged one raises UserError, missing events are no events.

        `traces` are kept open together with those of other stages.
        """
        rep = rundir.Rep(Path(rep_dir))
        manifest = read_json(own_file(rep, rep.manifest))
        check(manifest, MANIFEST, str(rep.manifest))
        return cls(rep, manifest, events.read(own_file(rep, rep.events)), traces or KeptOpen())

    @property
    def name(self) -> str:
        return self.rep.folder.parent.name

    @property
    def repetition(self) -> int:
        return int(self.rep.folder.name[len("rep-") :])

    @property
    def resumed(self) -> bool:
        return len([attempt for attempt in self.attempts if attempt.spans]) > 1

    @property
    def meters(self) -> List[str]:
        """Names, the headline meter first."""
        named = [meter["name"] for meter in self.described]
        return named or sorted({meter for meter, _, _ in self.rep.traces()})

    @property
    def described(self) -> List[Dict[str, Any]]:
        """What each meter said of itself, those that were attached later behind the run's own."""
        return list(self.manifest.get("meters", [])) + self.attached

    def meter(self, name: str) -> Dict[str, Any]:
        """What the meter said of itself when it was ready; empty where the run has no such meter."""
        return next((meter for meter in self.described if meter["name"] == name), {})

    def boundaries(self, name: str) -> Tuple[str, ...]:
        """Where the meter sits in the supply: the boundaries of the channels that make its whole input."""
        meter = self.meter(name)
        return tuple(
            sorted({channel["boundary"] for channel in meter.get("channels", []) if channel["name"] in meter["total"]})
        )

    def calibration(self, name: str) -> Optional[Calibration]:
        """What corrects the meter's readings; None where they are taken as they are."""
        copied = self.meter(name).get("calibration")
        return None if copied is None else calibrations.of(copied)

    def simulated(self, name: str) -> bool:
        return bool(self.meter(name).get("simulated", False))

    @property
    def emulated(self) -> bool:
        """Whether it computed in a precision that was emulated in FP32."""
        return self.manifest.get("full", {}).get("precision") in EMULATED

    def drawn(self) -> Dict[str, int]:
        """Epochs that were done when each ticket was drawn."""
        draws = self.result.get("draws") or {}
        return {key: draw["epoch"] for key, draw in draws.items()}

    def windows(self) -> List[Window]:
        if self._windows is None:
            self._windows = windows(self.attempts, bool(self.result), list(self.drawn().values()))
        return self._windows

    def own_spans(self) -> List[List[Tuple[int, int]]]:
        """Of each of `windows()` the stretches outside its children, in ns."""
        if self._own_spans is None:
            self._own_spans = own_spans(self.windows())
        return self._own_spans

    def energies(self, meter: Optional[str] = None, channel: Optional[str] = None) -> List[Reading]:
        """A reading for each of `windows()`, in the same order; `meter` is the headline meter by default."""
        name = meter or (self.meters[0] if self.meters else "")
        if (name, channel) not in self._energies:
            found = self.windows()
            read: List[Reading] = []
            for attempt in self.attempts:
                read += self._attempt_energies([w for w in found if w.attempt == attempt.number], name, channel)
            self._energies[name, channel] = read
        return self._energies[name, channel]

    def anchors(self) -> List[Anchor]:
        """How the host's clocks lay to each other while it ran; UserError where the record is damaged."""
        return anchors.read(own_file(self.rep, self.rep.clock))

    def states(self) -> List[State]:
        """The machine's state second by second, a record for each attempt; none where the run kept none."""
        if self._states is None:
            self._states = read_states(own_file(self.rep, self.rep.state))
        return self._states

    def slowdowns(self) -> List[Slowdown]:
        """When the machine slowed itself down, attempt by attempt."""
        if self._slowdowns is None:
            self._slowdowns = [slowdown for state in self.states() for slowdown in slowdowns(state)]
        return self._slowdowns

    def slowed(self, window: Window) -> List[Slowdown]:
        """The slowdowns that reach into a window."""
        return [slowdown for slowdown in self.slowdowns() if slowdown.reaches_into(window)]

    def idle_W(self, meter: str, attempt: int) -> Optional[float]:
        """Mean power of an attempt's `idle`, without the pulses of `sync`; None where it was not covered."""
        idle = [r for r in self.energies(meter) if r.window.phase == "idle" and r.window.attempt == attempt]
        if not idle or idle[0].own_joules is None or not idle[0].own_seconds:
            return None
        return idle[0].own_joules / idle[0].own_seconds

    def _attempt_energies(self, found: Sequence[Window], meter: str, channel: Optional[str]) -> List[Reading]:
        if not found:
            return []
        number = found[0].attempt
        if not meter:
            return unread(found, meter, channel, "no meter recorded this stage")
        try:
            return readings(found, self.open_trace(meter, number), meter, channel)
        except MeterError as error:
            return unread(found, meter, channel, str(error))

    def open_trace(self, meter: str, number: int) -> Any:
        """The trace of an attempt on its events' clock; MeterError where it is missing, empty or on another clock."""
        from meters.trace import Trace

        path = own_file(self.rep, self.rep.trace(meter, number))
        if not path.is_file():
            raise MeterError("meter {} left no trace of attempt {}".format(meter, number))
        trace = self._traces.get(path, lambda: Trace.open(path))
        if not len(trace.t_ns):
            raise MeterError("meter {} recorded no sample in attempt {}".format(meter, number))
        clocks = [attempt.clock for attempt in self.attempts if attempt.number == number]
        if not clocks:
            raise MeterError("meter {} recorded attempt {}, of which the events say nothing".format(meter, number))
        clock = clocks[0]
        if clock and trace.clock.get("boot_id") != clock.get("boot_id"):
            raise MeterError(
                "the trace of meter {} in attempt {} is on another clock (boot {}) than the events (boot {})".format(
                    meter, number, trace.clock.get("boot_id"), clock.get("boot_id")
                )
            )
        return trace


def _attached(rep: rundir.Rep) -> List[Dict[str, Any]]:
    """The meters that were attached later; UserError where their list is damaged."""
    if not rep.attached.exists():
        return []
    content = read_json(own_file(rep, rep.attached))
    check(content, ATTACHED, str(rep.attached))
    return list(content["meters"])


def own_file(rep: rundir.Rep, path: Path) -> Path:
    """The path, unless a link leads out of the directory of the repetition, or it is no file that ends."""
    return inside(rep.folder, path)


def inside(folder: Path, path: Path) -> Path:
    """The path of a file in a folder, which may be missing; UserError for anything but an ordinary file in there."""
    if _linked(folder, path) and folder.resolve() not in path.resolve().parents:
        raise UserError("{} leads out of its run directory: a run holds files only, no links".format(path))
    if path.exists() and not path.is_file():
        raise UserError("{} is no ordinary file: a run holds files only".format(path))
    return path


def _linked(folder: Path, path: Path) -> bool:
    """Whether the path may lead elsewhere: it has a link below the folder, or climbs.  Cheaper than to resolve it."""
    place, rest = str(folder), str(path)[len(str(folder)) :]
    if ".." in rest or str(path) != place + rest or not rest.startswith(os.sep):
        return True
    for name in rest.split(os.sep)[1:]:
        place += os.sep + name
        if os.path.islink(place):
            return True
    return False


def read_json(path: Path) -> Dict[str, Any]:
    """A JSON object of a run directory, checked before it is believed."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError("it is larger than {} MB".format(LARGEST_JSON >> 20))
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
    except OSError as error:
        raise UserError(
            "{} cannot be read ({}): is {} a directory of the harness?".format(path, error.strerror, path.parent)
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError("{} is damaged ({}): restore it from a copy".format(path, error)) from error
    if content.get("schema") != SCHEMA:
        raise UserError(
            "{} has schema {!r}, this harness reads schema {}: use the version that wrote it, or a newer one".format(
                path, content.get("schema"), SCHEMA
            )
        )
    return content
