import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UserError
from harness.ledger import events as ledger_events
from harness.ledger.windows import windows
from tests.harness.timeline import Work, as_text, attempt, killed, saved

WORK = Work(stop=4, draws=(("consecutive-0.5", 3),), prunes=True)


def windows_of(lines, draws=()):
    attempts = ledger_events.attempts(lines)
    return windows(attempts, bool(ledger_events.result(lines)), draws)


def kept_epochs(found):
    return [(w.attempt, w.epoch) for w in found if w.phase == "epoch" and not w.lost]


def test_an_uninterrupted_stage_is_one_tree_in_time_order():
    found = windows_of(attempt(WORK))
    assert found[0].phase == "stage" and found[0].ended
    assert [w.phase for w in found if w.depth == 1] == ["idle", "load", "search", "window", "cooldown"]
    assert kept_epochs(found) == [(1, 0), (1, 1), (1, 2), (1, 3)]
    assert not any(w.lost for w in found)
    for window in found[1:]:
        parent = found[window.parent]
        assert parent.start_ns <= window.start_ns <= window.stop_ns <= parent.stop_ns


def test_windows_know_their_role_and_epoch():
    found = windows_of(attempt(WORK))
    assert {w.role for w in found if w.phase in ("search", "epoch", "detect", "evaluate", "prune")} == {"search"}
    assert {w.role for w in found if w.phase in ("idle", "load", "window", "cooldown", "stage")} == {None}
    assert [w.epoch for w in found if w.phase == "checkpoint"] == [0, 1, 2, 3]
    assert [w.epoch for w in found if w.phase == "evaluate"] == [0, 1, 2, 3]
    assert [w.epoch for w in found if w.phase == "search"] == [3]


def test_the_role_phase_is_cut_where_a_ticket_was_drawn():
    parts = [w for w in windows_of(attempt(WORK), draws=[3]) if w.phase == "search"]
    third = [w for w in windows_of(attempt(WORK)) if w.phase == "epoch"][2]
    assert [(w.epoch, w.lost) for w in parts] == [(2, False), (3, False)]
    assert parts[0].stop_ns == parts[1].start_ns == third.stop_ns


def test_a_killed_attempt_keeps_its_committed_epochs_and_loses_the_rest():
    first = attempt(WORK)
    third_epoch = [i for i, line in enumerate(first) if line.get("epoch") == 2][0]
    lines = killed(first, third_epoch + 1) + attempt(WORK, number=2, saved=2, t_ns=5 * 10**11)
    found = windows_of(lines)
    assert kept_epochs(found) == [(1, 0), (1, 1), (2, 2), (2, 3)]
    assert [(w.attempt, w.phase) for w in found if w.lost and w.depth == 1] == [(1, "search"), (2, "search")]
    assert [w.phase for w in found if w.lost and w.phase == "prune"] == ["prune"], "the resume repeats it"
    assert not found[0].ended and found[0].stop_ns is None


def test_an_epoch_that_a_later_attempt_began_again_is_lost_although_it_was_committed():
    first = killed(attempt(WORK), len(attempt(WORK)) - 8)
    lines = first + attempt(WORK, number=2, saved=1)
    assert kept_epochs(windows_of(lines)) == [(1, 0), (2, 1), (2, 2), (2, 3)]


def test_an_unfinished_stage_keeps_what_it_committed():
    first = attempt(WORK)
    begun = [i for i, line in enumerate(first) if line.get("epoch") == 3][0]
    assert kept_epochs(windows_of(killed(first, begun + 1))) == [(1, 0), (1, 1), (1, 2)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 60), st.booleans()), max_size=3), st.booleans())
def test_however_often_it_is_killed_every_epoch_counts_once(kills, prunes):
    """Each attempt dies at some place of the event order, also between the checkpoint's rename and its commit line."""
    work = WORK._replace(prunes=prunes)
    lines, done = [], 0
    for number, (count, renamed) in enumerate(kills, 1):
        part = killed(attempt(work, number, done), count)
        if part[-1]["event"] == "result" or part[-1].get("phase") == "cooldown":
            part = part[:-2]
        lines += part
        done = saved(part, renamed, done)
    lines += attempt(work, len(kills) + 1, done)
    found = windows_of(lines, draws=[3])
    assert sorted(epoch for _, epoch in kept_epochs(found)) == [0, 1, 2, 3]
    assert len([w for w in found if w.phase == "prune" and not w.lost]) == int(prunes)
    saves = [w for w in found if w.phase == "checkpoint" and not w.lost and w.ended]
    assert len({w.epoch for w in saves}) == len(saves)
    for window in found:
        assert window.parent is None or not found[window.parent].lost or window.lost


@pytest.mark.parametrize("count", range(2, len(attempt(WORK))))
def test_kept_and_lost_parts_of_the_role_phase_cover_it_once(count):
    part = killed(attempt(WORK), count)
    lines = part + attempt(WORK, number=2, saved=saved(part))
    found = windows_of(lines, draws=[3])
    for number in (1, 2):
        parts = [w for w in found if w.phase == "search" and w.attempt == number]
        for before, after in zip(parts, parts[1:]):
            assert before.stop_ns == after.start_ns


def test_a_torn_last_line_is_dropped(tmp_path):
    path = tmp_path / "events.jsonl"
    whole = as_text(attempt(WORK)[:10])
    path.write_text(whole + '{"event": "begin", "pha')
    assert ledger_events.read(path) == attempt(WORK)[:10]


@pytest.mark.parametrize(
    "damage",
    [
        "garbage",
        '{"event": "begin", "attempt": 1, "t_ns": 5}',
        "[]",
        "null",
        '{"event": "end", "attempt": "1", "t_ns": 5}',
        '{"event": "begin", "phase": "epoch", "id": 1, "epoch": "../x", "attempt": 1, "t_ns": 5}',
    ],
)
def test_a_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "events.jsonl"
    path.write_text(as_text(attempt(WORK)[:2]) + damage + "\n" + as_text(attempt(WORK)[2:]))
    with pytest.raises(UserError, match="line 3 of .*events.jsonl"):
        ledger_events.read(path)


def test_time_that_goes_back_is_damage(tmp_path):
    path = tmp_path / "events.jsonl"
    lines = attempt(WORK)[:6]
    lines[3]["t_ns"] = 7
    path.write_text(as_text(lines))
    with pytest.raises(UserError, match="line 4"):
        ledger_events.read(path)


def test_a_phase_left_by_an_exception_ends_where_the_next_one_begins():
    lines = attempt(Work(stop=1))
    left = [i for i, line in enumerate(lines) if line["event"] == "end" and line["phase"] == "epoch"][0]
    search = [i for i, line in enumerate(lines) if line["event"] == "end" and line["phase"] == "search"][0]
    cooldown = lines[-2:]
    found = windows_of(lines[:left] + cooldown)
    assert [w.ended for w in found if w.phase in ("search", "epoch")] == [False, False]
    assert {w.stop_ns for w in found if w.phase in ("search", "epoch")} == {cooldown[0]["t_ns"]}
    assert search > left and found[0].stop_ns == cooldown[1]["t_ns"]
