"""By how much a trace's clock differs from a run's: found by the power that both saw, held against UTC."""

from typing import Any, List, NamedTuple, Optional, Sequence

import numpy as np

from harness.attaching import pattern
from harness.crosscheck import lag as lags
from harness.crosscheck.fit import compare
from harness.crosscheck.series import Series
from harness.errors import UserError

UTC_S = 2.0  # two hosts that both ask for the time differ by less
LATENCY_S = 0.05  # by so much power may trail the event that announces it
LATER_S = 20.0  # of the work after the pulses help to tell the offset
END_S = 60.0
FLAT = 0.02  # power that varies by less tells nothing
REACH_S = 5.0  # of the run's own power around what is matched


class Seen(NamedTuple):
    """What a run itself knows of one attempt; seconds of its own clock.

    `power`: what its own meter saw, None where it had none; then the pulses' times are all there is.
    """

    attempt: int
    idle_s: Any  # (start, stop)
    sync_s: Any
    stop_s: float
    power: Optional[Series]
    utc_offset_s: Optional[float]


class Knot(NamedTuple):
    """At one time of the run's clock: what is to be added to the trace's times, and how well that is known."""

    at_s: float
    offset_s: float
    within_s: float
    correlation: float


def coarse(trace: Series, seen: Sequence[Seen], trust_pulses: bool = False) -> List[Optional[float]]:
    """The offset of each attempt to within a cell; None for one that the trace does not reach.

    UserError where nothing in the trace looks like the pulses, or UTC says otherwise.
    """
    scores = [_score(trace, one) for one in seen]
    known = [one.utc_offset_s for one in seen]
    if None in known or trust_pulses:
        return _jointly(scores, seen, trace)
    return [_near(score, one, trace) for score, one in zip(scores, seen)]


class _Score(NamedTuple):
    """`offsets[i]` fits as well as `values[i]` says."""

    offsets: np.ndarray
    values: np.ndarray
    length_s: float


def _score(trace: Series, seen: Seen) -> _Score:
    start, stop = _looked_for(trace, seen)
    source = _template(seen)
    pulse_s = (seen.sync_s[1] - seen.sync_s[0]) / (2 * pattern.PULSES)
    cell_s = max(trace.period_s, source.period_s, pulse_s / 10, (stop - start) / pattern.CELLS)
    template = pattern.piece(source, start, stop - cell_s / 2, cell_s)
    whole = pattern.piece(trace, float(trace.t_s[0]), float(trace.t_s[-1]), cell_s)
    if np.isnan(template.watts).any() or len(template.watts) < 6:
        raise UserError(f"attempt {seen.attempt} has no pulses that could be looked for: its idle was too short")
    if np.ptp(template.watts) < FLAT * float(np.mean(template.watts)):
        raise UserError(
            f"attempt {seen.attempt}: the run's own meter saw the same power all through its idle and after, so no "
            "pulse can be looked for: did another program keep the machine busy?"
        )
    begins = whole.start_s + cell_s * np.arange(len(whole.watts))
    return _Score(start - begins, pattern.correlations(whole, template), stop - start)


def _template(seen: Seen) -> Series:
    """What to look for: what the run's own meter saw, else the pulses as they were told to be."""
    if seen.power is not None:
        return seen.power
    return pattern.pulses(*seen.sync_s, rest_s=seen.idle_s[1] - seen.idle_s[0] + REACH_S)


def _looked_for(trace: Series, seen: Seen) -> Any:
    """The idle and what follows it; without a meter of the run's own the pulses, with some of the rest about them."""
    if seen.power is not None:
        return seen.idle_s[0], min(seen.stop_s, seen.idle_s[1] + LATER_S)
    rest_s = max((seen.sync_s[1] - seen.sync_s[0]) / pattern.PULSES, 4 * trace.period_s)
    return max(seen.idle_s[0], seen.sync_s[0] - rest_s), min(seen.idle_s[1], seen.sync_s[1] + rest_s)


def _near(score: _Score, seen: Seen, trace: Series) -> Optional[float]:
    """Where UTC says that it is, if it is there."""
    assert seen.utc_offset_s is not None
    begins = seen.idle_s[0] - seen.utc_offset_s
    if begins + score.length_s < trace.t_s[0] or begins > trace.t_s[-1]:
        return None
    close = np.abs(score.offsets - seen.utc_offset_s) <= UTC_S
    if close.any() and score.values[close].max() >= pattern.LEAST:
        return float(score.offsets[close][np.argmax(score.values[close])])
    best = int(np.argmax(score.values))
    if score.values[best] >= pattern.LEAST:
        raise UserError(
            f"attempt {seen.attempt}: the pulses say that {score.offsets[best]:+.3f} s are to be added to the trace's "
            f"times, UTC says {seen.utc_offset_s:+.3f} s: one host's clock is not set; --trust-pulses takes their word"
        )
    raise UserError(
        f"no pulse found: near {seen.utc_offset_s:+.3f} s nothing in the trace looks like the three load pulses of "
        f"attempt {seen.attempt} (the best correlation is {score.values[best]:.2f}); did this meter see this machine?"
    )


def _jointly(scores: Sequence[_Score], seen: Sequence[Seen], trace: Series) -> List[Optional[float]]:
    """One offset for all attempts, without UTC: where most of their pulses are found at once."""
    step_s = min(abs(float(score.offsets[0] - score.offsets[-1])) / max(1, len(score.offsets) - 1) for score in scores)
    low = min(float(score.offsets.min()) for score in scores)
    high = max(float(score.offsets.max()) for score in scores)
    offsets = np.arange(low, high + step_s, step_s)
    each = [np.interp(offsets, score.offsets[::-1], score.values[::-1], left=0, right=0) for score in scores]
    joint = np.sum(each, axis=0)
    best = int(np.argmax(joint))
    if max(values[best] for values in each) < pattern.LEAST:
        raise UserError(
            "no pulse found: nothing in the trace looks like the three load pulses in the run's idle (the best "
            f"correlation is {max(values[best] for values in each):.2f}); did this meter see this machine?"
        )
    other = np.abs(offsets - offsets[best]) > max(score.length_s for score in scores)
    if other.any() and joint[other].max() > joint[best] - pattern.APART:
        second = float(offsets[other][np.argmax(joint[other])])
        raise UserError(
            f"the pulses fit at {offsets[best]:+.1f} s and at {second:+.1f} s, and the trace does not say which UTC it "
            "was: attach all stages that it shows at once, or record it anew with harness meters record"
        )
    return [float(offsets[best]) if values[best] >= pattern.LEAST else None for values in each]


def knots(trace: Series, seen: Seen, offset_s: float) -> List[Knot]:
    """The offset at the pulses, and where the run has a meter of its own also at the attempt's end."""
    begin, end = seen.idle_s[0], min(seen.stop_s, seen.idle_s[1] + LATER_S)
    found = [_knot(trace, seen, offset_s, begin, end)]
    if found[0] is None:
        raise UserError(f"the pulses of attempt {seen.attempt} are in the trace, but too faint to tell its clock")
    if seen.power is not None and seen.stop_s - end > END_S:
        found.append(_knot(trace, seen, found[0].offset_s, seen.stop_s - END_S, seen.stop_s))
    return [knot for knot in found if knot is not None]


def _knot(trace: Series, seen: Seen, offset_s: float, start_s: float, stop_s: float) -> Optional[Knot]:
    """By how much the part of the trace from `start_s` to `stop_s` trails what the run saw there."""
    moved = _part(trace._replace(t_s=trace.t_s + offset_s), start_s, stop_s)
    try:
        if seen.power is not None:
            own = _part(seen.power, start_s - REACH_S, stop_s + REACH_S)
            found = compare(own, moved)
            trails_s, within_s, correlation = found.lag_s, found.lag_within_s, found.correlation
        else:
            lag = lags.find(_template(seen), _part(moved, *_looked_for(trace, seen)))
            trails_s, within_s, correlation = lag.lag_s, lag.within_s + LATENCY_S, lag.correlation
    except ValueError:
        return None
    if correlation < pattern.LEAST:
        return None
    return Knot((start_s + stop_s) / 2, offset_s - trails_s, within_s, correlation)


def _part(series: Series, start_s: float, stop_s: float) -> Series:
    kept = (series.t_s >= start_s) & (series.t_s <= stop_s)
    if kept.sum() < 8:
        raise ValueError("too few samples")
    return series._replace(t_s=series.t_s[kept], watts=series.watts[kept])
