import re

import results
from harness import rundir
from results.checks import doubts
from tests.harness.recording import DENSE, EARLY, SEARCH, WORKS, step_samples, write_trace
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


def test_a_record_that_ends_a_period_before_the_cooldown_does_has_no_gap(tmp_path):
    """A meter of 1 Hz has its last sample up to a second before: every run with one would be doubted."""
    folder = write_study(tmp_path)
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1)
    lines = attempt(WORKS[DENSE])
    samples = [(t_ns, watts) for t_ns, watts in step_samples(lines, 0, WATTS) if t_ns < lines[-1]["t_ns"] - 40 * MS]
    write_trace(rep.trace("wall", 1), samples, "wall", 1)
    study = results.load(folder)
    assert max(r.longest_gap_s for r in study.runs.run(DENSE, 1).energies("wall")) > 0.03
    assert "left gaps" not in doubted(folder)


def test_a_resumed_run_is_told_with_what_was_lost(tmp_path):
    first = killed(attempt(WORKS[SEARCH]), 22)
    text = doubted(write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first))]}))
    assert "early_bird-vgg16-digits-0.5-seed1 was interrupted and resumed" in text
    assert "kJ of work that had to be repeated are not in it" in text


def test_an_early_bird_that_did_not_fire_is_told(tmp_path):
    work = WORKS[SEARCH]._replace(draws=(("consecutive-0.5", 4), ("end-0.5", 4)))
    assert "No early bird fired for early_bird" in doubted(write_study(tmp_path, {SEARCH: [attempt(work)]}))


def test_a_ratio_that_empties_layers_is_told(tmp_path):
    lines = attempt(WORKS[SEARCH])
    result = next(line["result"] for line in lines if line["event"] == "result")
    key, draw = next(iter(result["draws"].items()))
    draw["repaired_layers"] = ["features.4", "features.8"]
    text = doubted(write_study(tmp_path, {SEARCH: [lines]}))
    assert f"The ticket {key} of stage {SEARCH} leaves no channel in 2 layers (features.4, features.8)" in text


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


def test_a_held_end_is_told(tmp_path):
    lines = attempt(WORKS[SEARCH])
    end = [i for i, line in enumerate(lines) if line["event"] == "end" and line["phase"] == "epoch"][0]
    first = killed(lines, end + 2)
    second = attempt(WORKS[SEARCH], 2, saved(first, renamed=True), t_ns=5 * 10**11)
    holes = [(1, lines[end]["t_ns"] - 20 * MS, lines[end]["t_ns"] + 10**12)]
    text = doubted(write_study(tmp_path, {SEARCH: [first, second]}, holes=holes))
    assert re.search(r"early_bird\S* counts 0\.0\d+ s at the end of an attempt that died with its last sample", text)
