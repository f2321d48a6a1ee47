"""What a run did and when: events.jsonl as spans, attempt by attempt."""

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from harness.errors import UserError
from harness.ledger import records
from harness.ledger.whole_lines import whole_lines

LARGEST_BYTES = 1 << 29
_OWN_FIELDS = frozenset(("event", "phase", "id", "parent", "attempt", "t_ns"))  # of an event, beside its notes


class Span(NamedTuple):
    """A phase as it was written.  `parent` is an index into the attempt's spans; `stop_ns` is None when the attempt
    died in it, and `ended` is False also when an exception left it and something else began."""

    phase: str
    parent: Optional[int]
    start_ns: int
    stop_ns: Optional[int]
    ended: bool
    notes: Dict[str, Any]


class Attempt(NamedTuple):
    """One start of the worker.  Times are CLOCK_MONOTONIC of `clock`: never compare them across attempts."""

    number: int
    clock: Dict[str, Any]
    spans: Tuple[Span, ...]
    epochs_done: int


def read(path: Path) -> List[Dict[str, Any]]:
    """The lines of events.jsonl; what a crash left of the last one is dropped.

    A damaged line elsewhere raises: energy attributed by half a log would be wrong.
    """
    events: List[Dict[str, Any]] = []
    for number, line in enumerate(whole_lines(path, LARGEST_BYTES, "events"), 1):
        events.append(_event(line, path, number))
        if number > 1 and events[-2]["attempt"] == events[-1]["attempt"] and events[-2]["t_ns"] > events[-1]["t_ns"]:
            raise _damaged(path, number)
    _check_result(events, path)
    return events


def attempts(events: List[Dict[str, Any]]) -> List[Attempt]:
    """The attempts in the order in which they ran."""
    by_number: Dict[int, List[Dict[str, Any]]] = {}
    for event in events:
        by_number.setdefault(event["attempt"], []).append(event)
    return [_attempt(number, lines) for number, lines in sorted(by_number.items())]


def result(events: List[Dict[str, Any]]) -> Dict[str, Any]:
    """What the work returned; empty while it has not."""
    return next((event["result"] for event in reversed(events) if event["event"] == "result"), {})


def _check_result(events: List[Dict[str, Any]], path: Path) -> None:
    found = result(events)
    if found != {}:
        records.check(found, records.RESULT, "the result in {}".format(path))


def _event(line: bytes, path: Path, number: int) -> Dict[str, Any]:
    try:
        event = json.loads(line.decode("utf-8"))
        if records.event(event) is None:
            return event
    except (ValueError, RecursionError):
        pass
    raise _damaged(path, number)


def _damaged(path: Path, number: int) -> UserError:
    return UserError(
        "line {} of {} is not an event of this run: the file is damaged, so no energy can be attributed; "
        "restore it from a copy, or run the stage again in a fresh directory".format(number, path)
    )


def _attempt(number: int, lines: List[Dict[str, Any]]) -> Attempt:
    spans: List[Span] = []
    open_ids: Dict[int, int] = {}
    clock: Dict[str, Any] = {}
    epochs_done = 0
    for line in lines:
        if line["event"] == "attempt":
            clock = line.get("clock", {})
        elif line["event"] == "commit":
            epochs_done = line["epochs_done"]
        elif line["event"] == "begin":
            parent = open_ids.get(line.get("parent", -1))
            _leave(spans, open_ids, parent, line["t_ns"])
            open_ids[line["id"]] = len(spans)
            spans.append(Span(line["phase"], parent, line["t_ns"], None, False, _notes(line)))
        elif line["event"] == "end" and line["id"] in open_ids:
            index = open_ids[line["id"]]
            _leave(spans, open_ids, index, line["t_ns"])
            del open_ids[line["id"]]
            span = spans[index]
            notes = dict(span.notes, **_notes(line))
            spans[index] = Span(span.phase, span.parent, span.start_ns, line["t_ns"], True, notes)
    return Attempt(number, clock, tuple(spans), epochs_done)


def _leave(spans: List[Span], open_ids: Dict[int, int], parent: Optional[int], t_ns: int) -> None:
    """Close what an exception has left open: every open phase that is not `parent` or around it."""
    around = set()
    while parent is not None:
        around.add(parent)
        parent = spans[parent].parent
    for identity, index in list(open_ids.items()):
        if index not in around:
            del open_ids[identity]
            spans[index] = spans[index]._replace(stop_ns=t_ns)


def _notes(line: Dict[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in line.items() if key not in _OWN_FIELDS}
