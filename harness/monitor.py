"""Energy of windows of one's own program: `with harness.Monitor(meters=[...]) as m: with m.window("train") as w`."""

import logging
import shutil
import tempfile
import time
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Union

from harness import rundir
from harness.errors import UserError
from harness.measuring.background import Background
from harness.measuring.energy import Energy, energy, without
from harness.measuring.window import Window
from harness.phases import EventLog, monotonic_ns, synchronise_accelerator
from harness.recording.asked import NOTHING, Asked
from meters.clock import host_clock
from meters.errors import MeterError
from meters.spec import kinds, parse_all

SETTLE_PERIODS, SETTLE_S = 2, 0.1  # after so long there should be a sample behind a window's end;
PATIENCE = 10  # it is looked for so many times

_log = logging.getLogger("harness")


class Monitor:
    """Meters record, in a process of their own, from entering to leaving; the first one named gives the figures.

    `meters`: as on the command line, `"smartpower3:port=/dev/ttyUSB0"`.  `out`: a folder where traces and windows are
    kept; without one they are in a temporary folder for as long as the monitor exists.  `asked`: of the recorder, as
    `harness measure` has it in options.  UserError or MeterError when a
    meter does not deliver; one that fails later costs the windows from then on their energy, and nothing else.
    """

    def __init__(self, meters: Union[str, Sequence[str]], out: Union[str, Path, None] = None, asked: Asked = NOTHING):
        self._specs = parse_all([meters] if isinstance(meters, str) else meters)
        if not self._specs:
            raise UserError(f"Monitor needs a meter: meters=['KIND:key=value'], one of {', '.join(kinds())}", code=2)
        self._rep = rundir.Rep(Path(out or self._temporary()))
        self._attempt = 1 + max([attempt for _, attempt, _ in self._rep.traces()] or [0])
        self._recorder = Background(self._specs, self._rep.power, self._attempt, self._warn, asked)
        self._traces: Dict[str, Any] = {}
        self._open: List[int] = []
        self.windows: List[Window] = []
        self.warnings: List[str] = []

    @property
    def meters(self) -> List[Dict[str, Any]]:
        """What each meter is: name, kind, channels, total, period_s, simulated, identity."""
        return self._recorder.ready

    @property
    def statistics(self) -> Dict[str, Any]:
        """How well each meter was sampled, after leaving."""
        return self._recorder.statistics

    @property
    def scheduling(self) -> Dict[str, Any]:
        """How the recorder runs: whether in real time, and on which processors."""
        return self._recorder.scheduling

    def recorder_cpu_s(self) -> float:
        """Processor time of the recorder so far, while it records."""
        return self._recorder.cpu_s()

    def __enter__(self) -> "Monitor":
        self._recorder.__enter__()
        self._events = EventLog(self._rep.events, self._attempt)
        self._events.event("attempt", clock=host_clock())
        return self

    def __exit__(self, *unused: Any) -> None:
        if self._recorder.recording:
            self._wait_behind(max([window.stop_ns for window in self.windows] or [0]))
        self._recorder.close()
        self._traces.clear()

    @contextmanager
    def window(self, name: str, **attributes: Any) -> Iterator[Window]:
        """A stretch of the work; windows nest.  One that an exception leaves has no energy: it is not all there."""
        window = Window(name, self._energies)
        identity, parent = len(self.windows), self._open[-1] if self._open else None
        self.windows.append(window)
        synchronise_accelerator()
        window.start_ns = monotonic_ns()
        self._events.event("begin", phase=name, id=identity, parent=parent, t_ns=window.start_ns, **attributes)
        self._open.append(identity)
        try:
            yield window
            synchronise_accelerator()
            window.stop_ns = monotonic_ns()
            self._events.event("end", phase=name, id=identity, parent=parent, t_ns=window.stop_ns)
        except BaseException as error:
            window.left_by = type(error).__name__
            raise
        finally:
            self._open.remove(identity)

    def _energies(self, window: Window) -> List[Energy]:
        return [self._energy(spec.name, window) for spec in self._specs]

    def _energy(self, meter: str, window: Window) -> Energy:
        simulated = any(one["simulated"] for one in self.meters if one["name"] == meter)
        if window.unfinished:
            return without(meter, window.seconds, window.unfinished, simulated)
        try:
            trace = self._trace(meter, window.stop_ns)
        except MeterError as error:
            return without(meter, window.seconds, self._recorder.failure or str(error), simulated)
        found = energy(trace, meter, window.start_ns, window.stop_ns)
        if found.reason and found.coverage < 1 and self._recorder.failure:
            return found._replace(reason=f"{found.reason}: {self._recorder.failure}")
        return found

    def _trace(self, meter: str, until_ns: int) -> Any:
        """The trace as far as it is on disk, with a sample behind `until_ns` unless none comes."""
        from meters.trace import Trace

        found, wait_ns = self._traces.get(meter), until_ns
        for _ in range(PATIENCE):
            if found is not None and len(found.t_ns) and found.t_ns[-1] >= until_ns:
                break
            recording = self._recorder.recording
            if recording:
                self._wait_behind(wait_ns)
                wait_ns = monotonic_ns()
                self._recorder.sync(wait_ns)
            found = self._traces[meter] = Trace.open(self._rep.trace(meter, self._attempt))
            if not recording:
                break
        return found

    def _wait_behind(self, t_ns: int) -> None:
        """Until the slowest meter should have sampled after `t_ns`."""
        settle_s = SETTLE_S + SETTLE_PERIODS * max(meter["period_s"] for meter in self.meters)
        time.sleep(max(0.0, (t_ns - monotonic_ns()) / 1e9 + settle_s))

    def _warn(self, sentence: str) -> None:
        self.warnings.append(sentence)
        _log.warning(sentence)

    def _temporary(self) -> str:
        folder = tempfile.mkdtemp(prefix="harness-")
        weakref.finalize(self, shutil.rmtree, folder, True)
        return folder
