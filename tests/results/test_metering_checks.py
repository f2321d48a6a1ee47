import json

import pytest

import results
from harness import rundir
from meters.trace_format import FLAG_STALE
from results.checks import doubts
from tests.harness import timeline
from tests.harness.recording import WORKS, cells, step_samples, write_columns, write_rep, write_trace
from tests.harness.timeline import MS, WATTS, attempt
from tests.results.conftest import write_study


def doubted(folder):
    study = results.load(folder)
    return "\n".join(doubts(study.runs, study.energies))


def machine(tmp_path):
    return rundir.Machine(tmp_path / "runs", "board-abc123")


def test_a_sound_study_raises_none_of_them(study):
    assert set(doubts(study.runs, study.energies)) == set(doubts(study.runs))


def test_idle_power_that_drifted_is_told_with_both_values(tmp_path, monkeypatch):
    monkeypatch.setitem(timeline.DURATION_MS, "cooldown", 2000)
    text = doubted(write_study(tmp_path))
    assert "Idle power on meter wall drifted around the work of" in text
    assert "2.00 W before, 2.50 W after it (+25.0 %)" in text


def test_net_of_idle_that_may_be_nothing_is_told_with_its_interval(tmp_path):
    flat = dict.fromkeys(WATTS, 9.0)
    text = doubted(write_study(tmp_path, power=flat))
    assert "Net of idle, dense-vgg16-digits-seed1 may have taken nothing on meter wall: " in text
    assert "95 % interval -" in text and "The same holds for 2 more." in text


def with_flags(tmp_path, repeats):
    """Every trace has the flag of a stale repeat where `repeats` says so of a sample's index."""
    folder = write_study(tmp_path)
    for stage, work in WORKS.items():
        samples = step_samples(attempt(work), 300 * MS, WATTS)
        flags = [FLAG_STALE if repeats(index) else 0 for index in range(len(samples))]
        write_columns(machine(tmp_path).rep(stage, 1).trace("wall", 1), samples, flags, {})
    return folder


def test_a_sensor_that_refreshes_less_often_than_it_is_read_is_told(tmp_path):
    text = doubted(with_flags(tmp_path, lambda index: index % 4 != 0))
    assert "75 % of the samples of meter wall in attempt 1" in text and "than each 0.05 s at which it is read" in text


def test_a_sensor_that_is_stuck_is_told_with_how_long(tmp_path):
    assert "said the same for 5." in doubted(with_flags(tmp_path, lambda index: 20 < index < 140))


def two_meters(tmp_path, boundary, factor):
    """A second meter, further in or at the same place, that shows `factor` times the power of the first."""
    folder = write_study(tmp_path)
    for stage, work in WORKS.items():
        rep = write_rep(machine(tmp_path).rep(stage, 1), [attempt(work)], meters=("wall", "board"))
        power = {phase: factor * watts for phase, watts in WATTS.items()}
        samples = step_samples(attempt(work), 300 * MS, power)
        write_trace(rep.trace("board", 1), samples, "board", 1, boundary=boundary)
        manifest = json.loads(rep.manifest.read_text())
        manifest["meters"][1]["channels"][0]["boundary"] = boundary
        rep.manifest.write_text(json.dumps(manifest))
    return folder


def test_meters_at_one_place_that_disagree_are_told_with_the_interval(tmp_path):
    text = doubted(two_meters(tmp_path, "dc_input", 1.05))
    assert "wall (dc_input) disagree beyond their uncertainties: " in text
    assert "95 % interval" in text and "The same holds for 2 more." in text


def test_meters_that_agree_within_their_uncertainties_are_not(tmp_path):
    assert "disagree" not in doubted(two_meters(tmp_path, "dc_input", 1.005))


@pytest.mark.parametrize("factor, told", [(1.1, True), (0.8, False)])
def test_a_meter_further_in_cannot_show_more(tmp_path, factor, told):
    text = doubted(two_meters(tmp_path, "module", factor))
    assert ("Meter board (module) shows more than meter wall (dc_input) in front of it" in text) == told
    assert "disagree" not in text


def repeated(tmp_path, factors):
    folder = write_study(tmp_path)
    for number, factor in enumerate(factors, 1):
        for stage, work in WORKS.items():
            rep = machine(tmp_path).rep(stage, number)
            if number > 1:
                write_rep(rep, [attempt(work)])
            power = dict(WATTS, epoch=factor * WATTS["epoch"])
            write_trace(rep.trace("wall", 1), step_samples(attempt(work), 300 * MS, power), "wall", 1)
    (folder / "cells.json").write_text(json.dumps(dict(cells(), repetitions=len(factors))))
    return folder


def test_a_first_repetition_that_differs_is_told(tmp_path):
    text = doubted(repeated(tmp_path, [1.3, 1.0, 1.01, 0.99]))
    assert "The first repetition of dense took" in text and "against the mean of the other 3" in text


@pytest.mark.parametrize("factors", [[1.01, 1.0, 1.02, 0.99], [1.3, 1.0]])
def test_one_that_the_others_predict_is_not(tmp_path, factors):
    """Two repetitions predict nothing."""
    assert "first repetition" not in doubted(repeated(tmp_path, factors))
