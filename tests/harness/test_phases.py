"""Events: phases nest, an exception leaves no end, a torn line does not swallow the next one."""

import json

import pytest

from harness.phases import EventLog


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_phases_nest_and_carry_notes(tmp_path):
    log = EventLog(tmp_path / "events.jsonl", attempt=1)
    with log.phase("search"):
        with log.phase("epoch", epoch=0) as note:
            note(loss=0.5)
    events = lines(tmp_path / "events.jsonl")
    assert [(e["event"], e["phase"], e["id"], e["parent"]) for e in events] == [
        ("begin", "search", 0, None),
        ("begin", "epoch", 1, 0),
        ("end", "epoch", 1, 0),
        ("end", "search", 0, None),
    ]
    assert events[1]["epoch"] == 0 and events[2]["loss"] == 0.5
    times = [e["t_ns"] for e in events]
    assert times == sorted(times)


def test_a_phase_that_raised_has_no_end(tmp_path):
    log = EventLog(tmp_path / "events.jsonl", attempt=1)
    with pytest.raises(RuntimeError), log.phase("train"):
        raise RuntimeError("out of memory")
    with log.phase("cooldown"):
        pass
    assert [(e["event"], e["phase"], e["parent"]) for e in lines(tmp_path / "events.jsonl")] == [
        ("begin", "train", None),
        ("begin", "cooldown", None),
        ("end", "cooldown", None),
    ]


def test_a_torn_line_is_dropped_before_the_next_attempt_writes(tmp_path):
    path = tmp_path / "events.jsonl"
    EventLog(path, attempt=1).event("commit", epochs_done=1)
    with open(str(path), "a") as file:
        file.write('{"event": "begin", "pha')
    EventLog(path, attempt=2).event("attempt")
    assert [(e["event"], e["attempt"]) for e in lines(path)] == [("commit", 1), ("attempt", 2)]
