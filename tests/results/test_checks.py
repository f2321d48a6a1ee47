import json
import re

import pytest

import results
from harness import rundir
from results.checks import doubts
from tests.harness.recording import DENSE, EARLY, SEARCH, WORKS
from tests.harness.timeline import MS, WATTS, attempt, killed, saved
from tests.results.conftest import write_study


def doubted(folder):
    return "\n".join(doubts(results.load(folder, allow_mixed=True).runs))


def test_a_sound_study_is_doubted_for_its_simulation_and_its_single_run(study_dir):
    text = doubts(results.load(study_dir).runs)
    assert [sentence.split(":")[0] for sentence in text] == [
        "The power of meter wall is simulated",
        "There is one repetition with one seed",
    ]


def test_a_gap_is_told_with_its_length(tmp_path):
    lines = attempt(WORKS[DENSE])
    second = next(line["t_ns"] for line in lines if line.get("epoch") == 1)
    text = doubted(write_study(tmp_path, holes=[(1, second + 300 * MS, second + 900 * MS)]))
    assert f"left gaps in stage {DENSE}: the longest is 0.6" in text
    assert "dense-vgg16-digits-seed1 has no energy: meter wall recorded nothing" in text


def test_a_resumed_run_is_told_with_what_was_lost(tmp_path):
    first = killed(attempt(WORKS[SEARCH]), 22)
    text = doubted(write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first))]}))
    assert "early_bird-vgg16-digits-0.5-seed1 was interrupted and resumed" in text
    assert "kJ of work that had to be repeated are not in it" in text


def test_an_early_bird_that_did_not_fire_is_told(tmp_path):
    work = WORKS[SEARCH]._replace(draws=(("consecutive-0.5", 4), ("end-0.5", 4)))
    assert "No early bird fired for early_bird" in doubted(write_study(tmp_path, {SEARCH: [attempt(work)]}))


def test_idle_power_that_moved_is_told_with_both_values(tmp_path):
    folder = write_study(tmp_path)
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(EARLY, 1)
    from tests.harness.recording import step_samples, write_trace

    warmer = dict(WATTS, idle=2.4)
    write_trace(rep.trace("wall", 1), step_samples(attempt(WORKS[EARLY]), 300 * MS, warmer), "wall", 1)
    assert f"2.00 W before {DENSE}" in doubted(folder) or "2.40 W before " + EARLY in doubted(folder)


def test_idle_power_of_every_attempt_counts_not_only_of_the_last(tmp_path):
    from tests.harness.recording import step_samples, write_trace

    first = killed(attempt(WORKS[SEARCH]), 22)
    folder = write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first), t_ns=5 * 10**11)]})
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(SEARCH, 1)
    write_trace(rep.trace("wall", 1), step_samples(first, 700 * MS, dict(WATTS, idle=2.4)), "wall", 1)
    assert f"2.40 W before {SEARCH} rep 1 in attempt 1." in doubted(folder)


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


def test_a_held_end_is_told(tmp_path):
    lines = attempt(WORKS[SEARCH])
    end = [i for i, line in enumerate(lines) if line["event"] == "end" and line["phase"] == "epoch"][0]
    first = killed(lines, end + 2)
    second = attempt(WORKS[SEARCH], 2, saved(first, renamed=True), t_ns=5 * 10**11)
    holes = [(1, lines[end]["t_ns"] - 20 * MS, lines[end]["t_ns"] + 10**12)]
    text = doubted(write_study(tmp_path, {SEARCH: [first, second]}, holes=holes))
    assert re.search(r"early_bird\S* counts 0\.0\d+ s at the end of an attempt that died with its last sample", text)


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
