"""What went wrong with a host's clocks while it measured, from the anchors in clock.jsonl."""

from typing import List, NamedTuple, Sequence, Tuple

from harness.ledger.anchors import Anchor

JUMP_S = 0.5  # in a minute no clock that is disciplined moves so far
ASLEEP_S = 0.1


class Change(NamedTuple):
    """Between two anchors of one boot, `after_s` after the attempt's first: by how much, in seconds."""

    attempt: int
    after_s: float
    seconds: float


def jumps(anchors: Sequence[Anchor]) -> List[Change]:
    """Where the wall clock was set: UTC moved against the time that passed, sleep included."""
    found = []
    for first, before, after in _steps(anchors):
        moved = (after.utc_ns - before.utc_ns) - (after.monotonic_ns - before.monotonic_ns) - _slept_ns(before, after)
        if abs(moved) > JUMP_S * 1e9:
            found.append(_change(first, before, moved))
    return found


def sleeps(anchors: Sequence[Anchor]) -> List[Change]:
    """Where the machine was suspended: the clock that counts on meanwhile gained on the one that does not."""
    return [
        _change(first, before, _slept_ns(before, after))
        for first, before, after in _steps(anchors)
        if _slept_ns(before, after) > ASLEEP_S * 1e9
    ]


def _steps(anchors: Sequence[Anchor]) -> List[Tuple[Anchor, Anchor, Anchor]]:
    """(first of the attempt, before, after) of successive anchors of one attempt and boot."""
    found: List[Tuple[Anchor, Anchor, Anchor]] = []
    for attempt in dict.fromkeys(anchor.attempt for anchor in anchors):
        own = [anchor for anchor in anchors if anchor.attempt == attempt]
        found += [(own[0], one, other) for one, other in zip(own, own[1:]) if one.boot_id == other.boot_id]
    return found


def _slept_ns(before: Anchor, after: Anchor) -> int:
    if before.boottime_ns is None or after.boottime_ns is None:
        return 0
    return (after.boottime_ns - before.boottime_ns) - (after.monotonic_ns - before.monotonic_ns)


def _change(first: Anchor, before: Anchor, ns: int) -> Change:
    return Change(before.attempt, (before.monotonic_ns - first.monotonic_ns) / 1e9, ns / 1e9)
