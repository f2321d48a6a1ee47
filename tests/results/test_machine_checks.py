"""Doubts that the machine raises, each on a study that gives reason for it."""

import json

import pytest

import results
from harness import rundir
from results.checks import doubts
from tests.harness.recording import DENSE, SEARCH, WORKS
from tests.harness.timeline import MS, attempt
from tests.results.conftest import write_study


def doubted(folder):
    return "\n".join(doubts(results.load(folder, allow_mixed=True).runs))


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"power_mode": "MAXQ"}, "different power modes: MAXN, MAXQ"),
        ({"threads": 2}, "different thread counts: 1, 2"),
        ({"attempts": [{"attempt": 1, "differences": ["torch was 1, is 2"]}]}, "although torch was 1, is 2"),
    ],
)
def test_stages_under_other_settings_are_told(tmp_path, change, sentence):
    folder = write_study(tmp_path)
    manifest = rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1).manifest
    manifest.write_text(json.dumps(dict(json.loads(manifest.read_text()), **change)))
    assert sentence in doubted(folder)


def rep_of(folder, stage):
    return rundir.StudyFolder(folder).machine.rep(stage, 1)


def write_state(rep, work, gauges, values):
    """A state each 100 ms of a stage's only attempt; `values`: from the share of its time that has passed."""
    lines = attempt(work)
    first, last = lines[0]["t_ns"], lines[-1]["t_ns"]
    states = [dict(values((t - first) / (last - first)), t_ns=t) for t in range(first, last, 100 * MS)]
    states[0].update(attempt=1, gauges=gauges)
    rep.state.write_text("".join(json.dumps(state) + "\n" for state in states))


def test_throttling_is_told_with_which_when_and_by_how_much(tmp_path):
    folder = write_study(tmp_path)
    limit = {"cpu0_limit_Hz": {"kind": "limit"}}
    write_state(
        rep_of(folder, DENSE), WORKS[DENSE], limit, lambda share: {"cpu0_limit_Hz": 2e9 if share < 0.5 else 1.4e9}
    )
    text = doubted(folder)
    assert f"Stage {DENSE} was throttled once in epoch" in text
    assert "the limit of the clock of cpu0 went from 2000 MHz to 1400 MHz" in text


@pytest.mark.parametrize("warmer, comparable", [(8.0, True), (19.0, False)])
def test_temperatures_that_are_not_comparable_are_told_with_both(tmp_path, warmer, comparable):
    folder = write_study(tmp_path)
    gauges = {"GPU-therm_C": {"kind": "temperature"}}
    for stage, degrees in ((DENSE, 50.0), (SEARCH, 50.0 + warmer)):
        write_state(rep_of(folder, stage), WORKS[stage], gauges, lambda share, d=degrees: {"GPU-therm_C": d})
    told = "GPU-therm was at 50 degrees C on average in stage de45e0de45e0 rep 1, at 69 in stage 5ea5c45ea5c4 rep 1"
    assert (told in doubted(folder)) is not comparable


@pytest.mark.parametrize(
    "facts, sentence",
    [
        (
            {"gate": {"below_C": 45, "start_C": 61.5, "zone": "GPU-therm", "waited_s": 900, "timed_out": True}},
            "began at 62 degrees C (GPU-therm), above its gate of 45, after waiting 900 s",
        ),
        (
            {
                "board_before": {"nvpmodel": "NV Power Mode: MAXN\n0"},
                "board_after": {"nvpmodel": "NV Power Mode: 5W\n1"},
            },
            f"The power mode changed while stage {DENSE} ran: NV Power Mode: MAXN 0 before, NV Power Mode: 5W 1 after",
        ),
    ],
)
def test_what_an_attempt_noted_of_the_board_is_told(tmp_path, facts, sentence):
    folder = write_study(tmp_path)
    manifest = rep_of(folder, DENSE).manifest
    content = dict(json.loads(manifest.read_text()), attempts=[dict(facts, attempt=1)])
    manifest.write_text(json.dumps(content))
    assert sentence in doubted(folder)
