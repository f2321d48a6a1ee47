"""A stage on one axis of time: phases and power, the attempts one after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.ledger import StageRun
from meters.errors import MeterError

Gaps = Sequence[tuple[int, int]]
View = Callable[[np.ndarray, np.ndarray, int, int, Gaps], Any]  # of t_ns, watts, start_ns, stop_ns, gaps
HIDDEN = ("stage", "epoch")  # the role phase around an epoch has the same colour


class Part(NamedTuple):
    """One attempt.  `phases`: (name, start, stop) in seconds on the stage's axis; `power`: of each meter what was asked
    for, or why there is none."""

    attempt: int
    offset_s: float
    length_s: float
    phases: list[tuple[str, float, float]]
    power: dict[str, Any]


def parts(run: StageRun, meters: Sequence[str], view: View) -> Iterator[Part]:
    """The attempts of a stage that have begun anything, with a `view` of the power of each meter."""
    offset = 0.0
    for attempt in run.attempts:
        start, stop = bounds(run, attempt.number)
        if stop > start:
            power = {meter: _power(run, meter, attempt.number, start, stop, view) for meter in meters}
            yield Part(attempt.number, offset, (stop - start) / 1e9, _phases(run, attempt.number, offset), power)
            offset += (stop - start) / 1e9


def bounds(run: StageRun, attempt: int) -> tuple[int, int]:
    """From the first to the last event of an attempt, in ns of its clock."""
    found = [window for window in run.windows() if window.attempt == attempt]
    if not found:
        return 0, 0
    stops = [window.stop_ns for window in found if window.stop_ns is not None]
    return found[0].start_ns, max(stops + [window.start_ns for window in found])


def title(run: StageRun) -> str:
    """What a stage trained, in few words."""
    asked = run.manifest.get("full", {})
    words = [str(asked[key]) for key in ("role", "model", "dataset") if key in asked]
    source = asked.get("source") or {}
    ratio = (source.get("draw") or {}).get("ratio")
    return " ".join(words + ([f"ratio {ratio:g}"] if ratio else []) + [f"({run.name})"])


def label(phase: str) -> str:
    """What a legend calls a phase."""
    return {"window": "repeated detection", "lost": "lost work"}.get(phase, phase)


def _phases(run: StageRun, attempt: int, offset_s: float) -> list[tuple[str, float, float]]:
    start, stop = bounds(run, attempt)
    found = []
    for window in run.windows():
        if window.attempt == attempt and window.phase not in HIDDEN:
            name = "lost" if window.lost and window.phase == window.role else window.phase
            ends = stop if window.stop_ns is None else window.stop_ns
            found.append((name, (window.start_ns - start) / 1e9 + offset_s, (ends - start) / 1e9 + offset_s))
    return found


def _power(run: StageRun, meter: str, attempt: int, start: int, stop: int, view: View) -> Any:
    try:
        trace = run.open_trace(meter, attempt)
        channel = None if trace.total else trace.channels[0].name
        t_ns, power = trace.recorded(channel)
        gaps = trace.gaps(None, channel)
    except (MeterError, OSError) as error:
        return str(error)
    return view(t_ns, power, start, stop, gaps)
