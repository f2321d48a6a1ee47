"""From spans to windows: every stretch of a stage that energy is attributed to, nothing counted twice."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from harness.ledger.events import Attempt
from harness.ledger.kept import ROLES, Kept, Part, kept, role_parts

STAGE = "stage"


class Window(NamedTuple):
    """A stretch of one attempt.  Siblings never overlap and lie inside their parent (an index into the same list).

    `stop_ns` is None where the attempt died in it.  `epoch` is the epoch it belongs to; for a checkpoint the epoch that
    it saves, for a part of the role phase the last epoch inside it (None where it holds none).
    """

    phase: str
    role: Optional[str]
    epoch: Optional[int]
    attempt: int
    start_ns: int
    stop_ns: Optional[int]
    depth: int
    parent: Optional[int]
    lost: bool
    ended: bool
    notes: Dict[str, Any]


def windows(attempts: Sequence[Attempt], finished: bool, draws: Sequence[int] = ()) -> List[Window]:
    """All windows of a stage, attempt by attempt, parents before their children.

    The first window of an attempt is the attempt itself, phase `stage`.  `draws`: numbers of epochs after which a
    ticket was drawn; there the role phase is cut, so that a row can be charged up to its own draw.
    """
    found: List[Window] = []
    for attempt, counted in zip(attempts, kept(attempts, finished)):
        if attempt.spans:
            found += _of_attempt(attempt, counted, draws, len(found))
    return found


def own_spans(found: Sequence[Window]) -> List[List[Tuple[int, int]]]:
    """For each window the stretches outside its children, in ns; none for one that has no end."""
    inside: List[List[Tuple[int, int]]] = [[] for _ in found]
    for window in found:
        if window.parent is not None and window.stop_ns is not None:
            inside[window.parent].append((window.start_ns, window.stop_ns))
    return [_outside(window, children) for window, children in zip(found, inside)]


def _outside(window: Window, children: List[Tuple[int, int]]) -> List[Tuple[int, int]]:
    if window.stop_ns is None:
        return []
    starts = [window.start_ns] + [stop for _, stop in children]
    stops = [start for start, _ in children] + [window.stop_ns]
    return [(start, stop) for start, stop in zip(starts, stops) if stop > start]


def _of_attempt(attempt: Attempt, counted: Kept, draws: Sequence[int], offset: int) -> List[Window]:
    """The attempt's windows; parents are indices into a list that has `offset` others in front of them."""
    spans = attempt.spans
    found = [_whole(attempt)]
    places: Dict[Optional[int], List[int]] = {None: [0]}
    roles: Dict[Optional[int], str] = {}
    latest: Optional[int] = None
    for index, span in enumerate(spans):
        is_role = span.phase in ROLES and span.parent is None
        if is_role or span.parent in roles:
            roles[index] = span.phase if is_role else roles[span.parent]
        parent = next(p for p in reversed(places[span.parent]) if found[p].start_ns <= span.start_ns)
        latest = span.notes.get("epoch", latest)
        parts = (
            role_parts(spans, index, counted, draws)
            if is_role
            else [Part(span.start_ns, span.stop_ns, latest if index in roles else None, found[parent].lost)]
        )
        places[index] = list(range(len(found), len(found) + len(parts)))
        found += [
            Window(
                span.phase,
                roles.get(index),
                part.epoch,
                attempt.number,
                part.start_ns,
                part.stop_ns,
                found[parent].depth + 1,
                offset + parent,
                part.lost,
                span.ended,
                span.notes,
            )
            for part in parts
        ]
    return found


def _whole(attempt: Attempt) -> Window:
    """From the first phase to the end of the last one; open where the attempt died in one."""
    stops = [span.stop_ns for span in attempt.spans]
    over = None not in stops
    stop_ns = max(stop for stop in stops if stop is not None) if over else None
    ended = over and all(span.ended for span in attempt.spans)
    return Window(STAGE, None, None, attempt.number, attempt.spans[0].start_ns, stop_ns, 0, None, False, ended, {})
