"""From what was found at some times to one straight map of a trace's clock onto an attempt's."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from harness.attaching.matching import Knot, Seen
from harness.errors import UserError

UNKNOWN_DRIFT = 50e-6  # what two quartz clocks that nothing disciplines may drift apart
MOST_DRIFT = 500e-6
TOLD_S = 600.0  # knots closer than this tell no drift


class Mapping(NamedTuple):
    """time of the run = time of the trace + offset_s + drift * (time of the trace - at_s), to `within_s`."""

    attempt: int
    offset_s: float
    drift: float
    at_s: float
    within_s: float
    utc_offset_s: Optional[float]
    correlation: float
    notes: List[str]

    def as_json(self, origin_ns: int, clock: Dict[str, str]) -> Dict[str, Any]:
        return {
            "attempt": self.attempt,
            "offset_ns": round(self.offset_s * 1e9),
            "drift": self.drift,
            "at_ns": origin_ns + round(self.at_s * 1e9),
            "within_s": self.within_s,
            "clock": clock,
            "utc_offset_ns": None if self.utc_offset_s is None else round(self.utc_offset_s * 1e9),
            "correlation": self.correlation,
            "notes": self.notes,
        }


def one_clock(seen: Seen, found: Sequence[Knot]) -> Mapping:
    """The two were recorded on one clock: nothing is to be added, and what the pulses say is a check."""
    apart_s = abs(found[0].offset_s)
    if apart_s > found[0].within_s + 1.0:
        raise UserError(
            f"attempt {seen.attempt}: trace and run are on one clock, but what they show is {apart_s:.3f} s apart: "
            "is it the same machine that both saw?"
        )
    return Mapping(seen.attempt, 0.0, 0.0, found[0].at_s, 0.0, 0.0, found[0].correlation, [])


def straight(seen: Seen, found: Sequence[Knot], others: Sequence[Knot] = ()) -> Mapping:
    """Through the attempt's own knots, and where they tell no drift through the most distant of `others`."""
    first, last = found[0], found[-1]
    further = max(others, key=lambda knot: abs(knot.at_s - first.at_s), default=last)
    if last.at_s - first.at_s < TOLD_S and abs(further.at_s - first.at_s) >= TOLD_S:
        last = further
    apart_s = last.at_s - first.at_s
    length_s = seen.stop_s - seen.idle_s[0]
    notes: List[str] = []
    if abs(apart_s) >= TOLD_S:
        drift = (last.offset_s - first.offset_s) / apart_s
        unsure = (first.within_s + last.within_s) / abs(apart_s)
        if abs(drift) > MOST_DRIFT + unsure:
            raise UserError(
                f"attempt {seen.attempt}: the two clocks would drift {1e6 * drift:+.0f} us per second apart, which no "
                "clock does: was one of the hosts suspended, or do the pulses lie elsewhere?"
            )
    else:
        drift, unsure = 0.0, UNKNOWN_DRIFT
        if length_s > TOLD_S:
            notes.append(
                f"how the clocks drift is not known, so up to {1e6 * UNKNOWN_DRIFT:.0f} us per second were allowed for"
            )
    within_s = max(knot.within_s for knot in found) + unsure * length_s
    there_s = first.at_s - first.offset_s
    correlation = min(knot.correlation for knot in found)
    return Mapping(seen.attempt, first.offset_s, drift, there_s, within_s, seen.utc_offset_s, correlation, notes)
