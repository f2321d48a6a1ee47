"""clock.jsonl: how a host's monotonic clock lay to UTC, minute by minute."""

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from harness.errors import UserError
from harness.ledger.whole_lines import whole_lines

LARGEST_BYTES = 1 << 26


class Anchor(NamedTuple):
    """One moment; `boottime_ns` is None where it was not written."""

    attempt: int
    boot_id: str
    monotonic_ns: int
    utc_ns: int
    boottime_ns: Optional[int]


def read(path: Path) -> List[Anchor]:
    """In the order in which they were written; a torn last line is dropped, a damaged file raises UserError."""
    try:
        lines = whole_lines(path, LARGEST_BYTES, "clock anchors")
        return [_anchor(json.loads(line.decode("utf-8"))) for line in lines]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error!r}): restore it from a copy") from error


def _anchor(line: Dict[str, Any]) -> Anchor:
    boottime = line.get("boottime_ns")
    return Anchor(
        int(line["attempt"]),
        str(line["boot_id"]),
        int(line["monotonic_ns"]),
        int(line["utc_ns"]),
        None if boottime is None else int(boottime),
    )


def utc_offset_ns(anchors: List[Anchor], attempt: int, trace: Any) -> Optional[int]:
    """What UTC says is to be added to a trace's times for those of an attempt; None where either has no UTC."""
    mine = [anchor for anchor in anchors if anchor.attempt == attempt]
    if not mine:
        return None
    here_ns = mine[0].monotonic_ns - mine[0].utc_ns
    if trace.clock.get("boot_id") == "UTC":
        return here_ns
    theirs = trace.meta.get("anchor")
    if not isinstance(theirs, dict):
        return None
    return here_ns - (int(theirs["monotonic_ns"]) - int(theirs["utc_ns"]))
