"""When the lines of a log were taken: as they say themselves, or one after the other at a stated period."""

import calendar
import re
import statistics
from datetime import datetime
from decimal import Decimal
from typing import Dict, List, NamedTuple, Optional, Sequence

from harness.errors import UserError

SECOND_NS = 10**9
YEAR_2000_S = 946684800
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?\Z")
_DATE = re.compile(r"(\d[\d-]{9})[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?\Z")
_ORDERS = ("%Y-%m-%d %H:%M:%S", "%m-%d-%Y %H:%M:%S")


class Times(NamedTuple):
    """`clock` tells whether they are UTC or count from an unknown moment; no host's monotonic clock."""

    t_ns: List[int]
    period_s: float
    clock: Dict[str, str]


def parse(text: str) -> int:
    """ns since 1970 of a date and time (of UTC where no zone is stated), or ns of a number of seconds."""
    text = text.strip()
    if _NUMBER.match(text):
        return int(Decimal(text) * SECOND_NS)
    match = _DATE.match(text)
    for order in _ORDERS:
        if match is None:
            break
        try:
            moment = datetime.strptime(match.group(1) + " " + match.group(2), order)
        except ValueError:
            continue
        fraction_ns = int(Decimal(match.group(3) or 0) * SECOND_NS)
        return (calendar.timegm(moment.timetuple()) - _zone_s(match.group(4))) * SECOND_NS + fraction_ns
    raise UserError(f"{text!r} is no time: seconds, YYYY-MM-DD HH:MM:SS or MM-DD-YYYY HH:MM:SS are")


def times(stamps: Sequence[Optional[int]], period_s: Optional[float], usual_s: Optional[float] = None) -> Times:
    """`period_s`: what the user states; `usual_s`: what the format always has."""
    known = [stamp for stamp in stamps if stamp is not None]
    if not known:
        return _counted(0, len(stamps), period_s or usual_s, "the log has no times")
    if len(known) < len(stamps):
        raise UserError(f"sample {stamps.index(None) + 1} has no time, and others have one")
    steps = [after - before for before, after in zip(known, known[1:])]
    if min(steps, default=0) < 0:
        late = next(n for n, step in enumerate(steps, 2) if step < 0)
        raise UserError(
            f"the time of sample {late} is before that of the one in front: the clock was set, or logs joined"
        )
    if period_s:
        return _checked(known, period_s)
    if not steps:
        raise UserError("it has one sample: state what is between two of them, as in --period 0.1")
    if min(steps) == 0:
        raise UserError(
            f"samples {steps.index(0) + 1} and {steps.index(0) + 2} have the same time; where times are too coarse for "
            "the samples, state what is between two of them, as in --period 0.1"
        )
    return Times(known, usual_s or statistics.median(steps) / SECOND_NS, _clock(known[0]))


def _checked(stamps: Sequence[int], period_s: float) -> Times:
    counted = _counted(stamps[0], len(stamps), period_s, "")
    span_s, stated_s = ((times[-1] - times[0]) / SECOND_NS for times in (stamps, counted.t_ns))
    if abs(span_s - stated_s) > max(2.0, 0.01 * span_s):
        raise UserError(
            f"its times span {span_s:.1f} s, but {len(stamps)} samples {period_s:g} s apart span {stated_s:.1f} s: "
            "lines are missing, or it is another period"
        )
    return counted


def _counted(first_ns: int, samples: int, period_s: Optional[float], why: str) -> Times:
    if period_s is None:
        raise UserError(f"{why}: state what is between two lines, as in --period 0.1")
    return Times([first_ns + round(n * period_s * SECOND_NS) for n in range(samples)], period_s, _clock(first_ns))


def _clock(first_ns: int) -> Dict[str, str]:
    name = "UTC" if first_ns >= YEAR_2000_S * SECOND_NS else "log"
    return {"host": name, "boot_id": name}


def _zone_s(zone: Optional[str]) -> int:
    if zone is None or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = 3600 * int(digits[:2]) + 60 * int(digits[2:])
    return -seconds if zone[0] == "-" else seconds
