"""A log of another program as samples of a meter."""

import importlib
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from harness import rundir
from harness.errors import UserError
from harness.foreign.times import Times, times
from meters.base import Meter, Row
from meters.errors import MeterError

Line = Tuple[Optional[int], Row]  # its time in ns, where it has one


class Lines(NamedTuple):
    """What a format's `read` makes of a log.  `period_s`: where the format itself fixes it."""

    meter: Meter
    lines: List[Line]
    period_s: Optional[float] = None


class Log(NamedTuple):
    """`meter` describes columns, channels and total; it was never opened."""

    meter: Meter
    times: Times
    rows: List[Row]
    source: Dict[str, Any]


def read(path: str, kind: str, period_s: Optional[float], total: str, boundary: str) -> Log:
    """Raises UserError with the line that cannot be understood."""
    understands = importlib.import_module("harness.foreign." + kind)
    try:
        if hasattr(understands, "read_path"):  # a format of files that are too large to hold
            found = understands.read_path(Path(path), total, boundary)
        else:
            found = understands.read(Path(path).read_bytes(), total, boundary)
        if not found.lines:
            raise UserError("it has no line with a power")
        known = times([stamp for stamp, _ in found.lines], period_s, found.period_s)
    except (UserError, MeterError) as error:
        raise UserError(f"{path} can't be imported as a {kind} log: {error}") from error
    found.meter.period_s = known.period_s
    source = {"file": Path(path).name, "format": kind, "sha256": rundir.digest(Path(path))}
    return Log(found.meter, known, [row for _, row in found.lines], source)


def each(data: bytes, understand: Callable[[bytes], Optional[Line]]) -> List[Line]:
    """Each line of a log as a sample, without those that are None; one that was cut off at the end is left out."""
    texts = data.split(b"\n")
    found = []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            found.append(understand(text.strip(b"\r")))
        except (MeterError, UserError) as error:
            if number == len(texts) and found:
                break
            raise UserError(f"line {number}: {error}") from error
    return [line for line in found if line is not None]
