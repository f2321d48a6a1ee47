"""Which work of an attempt counts, and which was lost to an interruption.

An attempt keeps the epochs below the first epoch that a later attempt began, because that is what its checkpoint had
saved.  Everything else inside the training's own phase - epochs redone later, what surrounds them, the preparation
that a resume repeats - is lost work: a row of its own, never part of a method's energy.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from harness.ledger.events import Attempt, Span

COMMITTED = ("epoch", "window")  # what is done once, and saved by a checkpoint after it
ROLES = ("train", "search", "retrain", "finetune")


class Kept(NamedTuple):
    """What of an attempt counts: its epochs, whether earlier attempts have some, whether it ends the role phase."""

    epochs: List[int]
    resumes: bool
    closes: bool


class Part(NamedTuple):
    """A stretch of the role phase; `epoch` is the last epoch inside it, None where it holds none."""

    start_ns: int
    stop_ns: Optional[int]
    epoch: Optional[int]
    lost: bool


def kept(attempts: Sequence[Attempt], finished: bool) -> List[Kept]:
    """What counts of each attempt; `finished`: the work has returned a result."""
    limits = [_limit(attempts, index, finished) for index in range(len(attempts))]
    epochs = [
        [epoch for epoch, span in _epochs(attempt.spans) if span.ended and epoch < limit]
        for attempt, limit in zip(attempts, limits)
    ]
    ends = [_role_ended(attempt) and limit == float("inf") for attempt, limit in zip(attempts, limits)]
    return [Kept(epochs[i], any(epochs[:i]), ends[i] and not any(ends[:i])) for i in range(len(attempts))]


def role_parts(spans: Sequence[Span], role: int, counted: Kept, draws: Sequence[int]) -> List[Part]:
    """The consecutive parts of a role phase: lost, kept (cut after each of `draws` epochs), lost."""
    span = spans[role]
    children = [child for child in spans if child.parent == role]
    ended = {epoch: child for epoch, child in _epochs(spans) if child.ended and child.parent == role}
    counted_spans = [ended[epoch] for epoch in counted.epochs if epoch in ended]
    start = _start(span, children, counted_spans, counted.resumes)
    stop = span.stop_ns if counted.closes else _saved(children, counted_spans)
    if stop is None:
        return [Part(span.start_ns, span.stop_ns, None, True)]
    cuts = [_stop(ended[done - 1]) for done in sorted(set(draws)) if done - 1 in ended]
    edges = [start] + [t for t in cuts if start < t < stop] + [stop]
    parts = [Part(first, last, _last_epoch(ended, first, last), False) for first, last in zip(edges, edges[1:])]
    before = [Part(span.start_ns, start, None, True)] if start > span.start_ns else []
    after = [Part(stop, span.stop_ns, None, True)] if span.stop_ns is None or span.stop_ns > stop else []
    return before + parts + after


def _limit(attempts: Sequence[Attempt], index: int, finished: bool) -> float:
    redone = [epoch for later in attempts[index + 1 :] for epoch, _ in _epochs(later.spans)]
    if redone:
        return min(redone)
    return float("inf") if finished else max(attempt.epochs_done for attempt in attempts)


def _epochs(spans: Sequence[Span]) -> List[Tuple[int, Span]]:
    """(epoch, span) of the epochs of a role phase, or of the windows of a profile."""
    found = [span for span in spans if span.phase in COMMITTED and "epoch" in span.notes and span.parent is not None]
    return [(span.notes["epoch"], span) for span in found if spans[span.parent or 0].phase in ROLES]


def _role_ended(attempt: Attempt) -> bool:
    return any(span.phase in ROLES and span.parent is None and span.ended for span in attempt.spans)


def _start(role: Span, children: Sequence[Span], counted: Sequence[Span], resumes: bool) -> int:
    """A resume repeats the preparation: it counts from its first epoch on, or from its last child where it has none."""
    if not resumes:
        return role.start_ns
    if counted:
        return counted[0].start_ns
    return max([role.start_ns] + [child.stop_ns for child in children if child.stop_ns is not None])


def _saved(children: Sequence[Span], counted: Sequence[Span]) -> Optional[int]:
    """The end of the checkpoint that saved the last counted epoch, or of that epoch where the attempt died before."""
    if not counted:
        return None
    last = _stop(counted[-1])
    after = [child for child in children if child.start_ns >= last]
    saved = after and after[0].phase == "checkpoint" and after[0].ended
    return after[0].stop_ns if saved else last


def _stop(ended: Span) -> int:
    assert ended.stop_ns is not None
    return ended.stop_ns


def _last_epoch(ended: Dict[int, Span], start_ns: int, stop_ns: int) -> Optional[int]:
    inside = [epoch for epoch, span in ended.items() if start_ns <= span.start_ns and _stop(span) <= stop_ns]
    return max(inside) if inside else None
