"""Clocks that jumped, machines that slept, meters that restarted, meters from elsewhere: each a doubt, or a cause."""

import json

import pytest

import results
from harness import rundir, summary
from harness.attaching.attach import attach
from results import provenance, sheets, verify
from results.checks import doubts
from tests.harness.elsewhere import begun, elsewhere, end_s, load_of, longer, record, stage
from tests.harness.recording import DENSE, cells
from tests.harness.relabelled import relabel
from tests.results.conftest import write_study

SECOND = 10**9
SHIFT_NS = -4321987654321


def anchored(folder, *moments, boots=("b", "b", "b")):
    """Anchors of the dense stage: (monotonic, UTC, boottime) in seconds."""
    rep = rundir.StudyFolder(folder).machine.rep(DENSE, 1)
    names = ("monotonic_ns", "utc_ns", "boottime_ns")
    lines = [
        dict(zip(names, [int(s * SECOND) for s in moment], strict=True), boot_id=boot, attempt=1, within_ns=1000)
        for moment, boot in zip(moments, boots, strict=False)
    ]
    rep.clock.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return "\n".join(doubts(results.load(folder).runs))


@pytest.mark.parametrize(
    "moments, sentence",
    [
        ([(0, 1000, 0), (60, 1060.1, 60), (120, 1123, 120)], "wall clock jumped by +2.9 s in attempt 1 of stage"),
        ([(0, 1000, 0), (60, 940, 60)], "jumped by -120 s"),
        ([(0, 1000, 0), (60, 1090, 90)], "was suspended for 30 s in attempt 1 of stage " + DENSE + ", 0 s in"),
    ],
)
def test_clocks_that_moved_are_told(tmp_path, moments, sentence):
    assert sentence in anchored(write_study(tmp_path), *moments)


def test_sleep_is_no_jump_and_a_sound_clock_no_doubt(tmp_path):
    folder = write_study(tmp_path)
    assert "jumped" not in anchored(folder, (0, 1000, 0), (60, 1090, 90))
    text = anchored(folder, (0, 1000, 0), (60, 1060.2, 60), (5, 9000, 5), boots=("b", "b", "c"))
    assert "jumped" not in text and "suspended" not in text


def test_a_damaged_record_of_clocks_is_told(tmp_path):
    folder = write_study(tmp_path)
    rundir.StudyFolder(folder).machine.rep(DENSE, 1).clock.write_text("[]\n{}\n")
    assert "cannot be told" in "\n".join(doubts(results.load(folder).runs))


def test_a_meter_that_restarted_is_told(tmp_path):
    from meters.trace_format import TraceRow
    from tests.meters.traces import Clocked
    from tests.meters.traces import write as write_trace

    folder = write_study(tmp_path)
    rep = rundir.StudyFolder(folder).machine.rep(DENSE, 1)
    rows = [TraceRow((n + 1) * SECOND, 0, (n % 50 + 1) * SECOND, n // 50, 0, (1.0, 2.0, 0.5, 0.0)) for n in range(120)]
    rep.trace("wall", 1).unlink()
    write_trace(rep.trace("wall", 1), rows, Clocked())
    relabel(rep.trace("wall", 1), clock={"boot_id": "boot-1"})
    assert "The clock of meter wall began anew 2 times in stage" in "\n".join(doubts(results.load(folder).runs))


@pytest.fixture
def attached(tmp_path, monkeypatch):
    """A study of one row whose stage has a meter of its own and one from a laptop."""
    longer(monkeypatch)
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    lines = begun(2000.0)
    rep = stage(machine.rep(DENSE, 1), lines)
    one = {**cells(), "cells": cells()["cells"][:1]}
    study = machine.study("imitated")
    rundir.write(study.cells, lambda file: file.write(json.dumps(one).encode()))
    path = record(tmp_path / "laptop.arrow", load_of(lines), 1990.0, end_s(lines) + 10, "analyser", seed=2)
    attach(rep.folder, elsewhere(path, shift_ns=SHIFT_NS))
    return rep, study.folder


def test_every_table_has_the_attached_meter_and_says_how_well_its_clock_is_known(attached):
    rep, folder = attached
    study = results.load(folder)
    assert study.meters == ["wall", "analyser"]
    joules = study.cells.set_index("meter")["energy_J"]
    assert joules["analyser"] == pytest.approx(joules["wall"], rel=0.01)
    text = "meter analyser was recorded on laptop and attached: its clock is known to "
    assert all(any(text in note for note in sheet.notes) for sheet in sheets.sheets(study))
    each = next(sheet for sheet in sheets.sheets(study) if sheet.title == "the same work on each meter")
    assert [(line[1], line[2], line[-2][:3]) for line in each.lines] == [
        ("wall", "dc_input", "1.0"),
        ("analyser", "dc_input", "1.0" if joules["analyser"] >= joules["wall"] else "0.9"),
    ]
    (board,) = summary.sheets(study.runs)
    assert "simulated kJ analyser" in board.header and any(text in note for note in board.notes)
    assert [one["meter"] for one in provenance.meters(study.runs)] == ["wall", "analyser"]


def test_the_clock_between_hosts_is_a_cause_of_its_own(attached):
    rep, folder = attached
    budgets = results.load(folder).budgets.set_index(["meter", "cause"])["expanded_J"]
    assert ("wall", "clock offset between hosts") not in budgets
    within_s = json.loads(rep.attached.read_text())["meters"][0]["attached"]["attempts"][0]["within_s"]
    # The row's stretches begin and end at other powers than they step to: at most 4 epochs' steps of 7 W.
    assert 0 <= budgets.get(("analyser", "clock offset between hosts"), 0.0) <= 8 * 7.0 * within_s


def test_verify_holds_both_lists(attached):
    rep, folder = attached
    assert verify.problems(results.load(folder)) == []
    digest = provenance.digest(results.load(folder).runs)
    content = rep.attached.read_text()
    rep.attached.write_text(content.replace("analyser", "analyzer"))
    assert any("attached.json was changed" in text for text in verify.problems(results.load(folder)))
    rep.attached.write_text(content)
    (rep.power / "late.1.arrow").write_bytes(b"x")
    assert any("late.1.arrow is not in SHA256SUMS" in text for text in verify.problems(results.load(folder)))
    (rep.power / "late.1.arrow").unlink()
    rep.attached_sums.write_text(rep.attached_sums.read_text() + "0" * 64 + "  power/wall.1.arrow\n")
    problems = verify.problems(results.load(folder))
    assert any("power/wall.1.arrow is missing, though SHA256SUMS lists it" in text for text in problems)
    assert provenance.digest(results.load(folder).runs) != digest
    rep.attached_sums.unlink()
    assert any("SHA256SUMS.attached is missing" in text for text in verify.problems(results.load(folder)))


def test_an_unknown_drift_is_a_doubt(attached):
    rep, folder = attached
    content = json.loads(rep.attached.read_text())
    content["meters"][0]["attached"]["attempts"][0]["notes"] = ["how the clocks drift is not known"]
    rep.attached.write_text(json.dumps(content))
    assert "recorded elsewhere: how the clocks drift is not known." in "\n".join(doubts(results.load(folder).runs))


def test_a_damaged_list_is_refused(attached):
    from harness.errors import UserError

    rep, folder = attached
    for content in ('{"schema": 1}', '{"schema": 1, "meters": [3]}', "{"):
        rep.attached.write_text(content)
        with pytest.raises(UserError, match="is damaged"):
            results.load(folder)
