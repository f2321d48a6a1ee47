"""Which crosschecks bear a calibration: recordings on disk that disagree in all the ways that two meters can."""

import json

import numpy as np
import pytest

from harness import rundir
from harness.crosscheck import result, signing
from harness.errors import UserError
from meters import calibration
from tests.harness.recording import write_trace
from tests.harness.relabelled import relabel
from tests.meters.calibrations import copied

SECOND = 10**9
LEVELS = {"idle": 4.0, "half": 9.0, "full": 15.0}


def bench(folder, reading, loads=tuple(LEVELS), **channel):
    """A crosscheck of `right` against `wrong`, which reads `reading(watts)`; three rounds of two seconds each."""
    rep = rundir.Rep(folder)
    rep.power.mkdir(parents=True)
    windows, samples = [], {"right": [], "wrong": []}
    for n, load in enumerate([load for _ in range(3) for load in loads]):
        start = (10 + 3 * n) * SECOND
        windows.append(
            {"load": load, "round": n // 3 + 1, "start_ns": start + SECOND // 2, "stop_ns": start + 5 * SECOND // 2}
        )
        for t_ns in range(start, start + 3 * SECOND, SECOND // 20):
            samples["right"].append((t_ns, LEVELS[load]))
            samples["wrong"].append((t_ns, reading(LEVELS[load])))
    write_trace(rep.trace("right", 1), samples["right"], "right", 1)
    write_trace(rep.trace("wrong", 1), samples["wrong"], "wrong", 1, **channel)
    content = {
        "schema": 1, "meters": [{"name": "right"}, {"name": "wrong"}], "windows": windows, "window_s": 2.0,
        "machine": {"name": "board"}, "power_mode": "MAXN", "simulated": True, "pairs": [],
    }  # fmt: skip
    result.store(content, folder)
    return result.load(folder)


def signed(found, **options):
    return signing.calibration(found, "wrong", "right", "N. N.", **options)


def test_a_line_is_signed_with_what_it_leaves_over(tmp_path):
    found = signed(bench(tmp_path, lambda watts: 0.5 * watts + 0.2 + 0.01 * (watts == 9.0)))
    assert (found["gain"], found["offset_W"]) == (pytest.approx(0.5, rel=2e-3), pytest.approx(0.2, abs=0.01))
    assert 0.005 < found["residual_W"] < 0.03
    assert found["reference"]["gain_error"] == 0.01 and found["meter"]["boundaries"] == ["dc_input"]
    text = json.dumps(dict(found, file="c.json", sha256="00"))
    assert calibration.of(json.loads(text)).corrected(np.array([4.7]), 1) == pytest.approx([9.0], abs=0.03)


def test_a_reference_that_is_calibrated_itself_hands_its_error_on(tmp_path):
    found = bench(tmp_path, lambda watts: watts)
    relabel(rundir.Rep(tmp_path).trace("right", 1), calibration=copied(gain=1.0, offset_W=0.0))
    about = signed(result.load(tmp_path))["reference"]
    assert (about["gain_error"], about["offset_error_W"]) == (0.001, pytest.approx(0.002 + 0.02))
    assert "calibration bench.json" in about["accuracy_source"] and found.content["pairs"] == []


def test_meters_at_two_boundaries_need_to_be_told_so(tmp_path):
    found = bench(tmp_path, lambda watts: 0.8 * watts, boundary="module")
    with pytest.raises(UserError, match="losses lie between them; --across-boundaries"):
        signed(found)
    about = signed(found, across=True)
    assert about["reference"]["boundaries"] == ["dc_input"] and about["meter"]["boundaries"] == ["module"]


def test_a_curve_is_not_signed_as_a_line(tmp_path):
    with pytest.raises(UserError, match="no line describes wrong: with gain and offset taken out it still deviates by"):
        signed(bench(tmp_path, lambda watts: watts**2 / 15))


def test_two_levels_bear_no_line(tmp_path):
    with pytest.raises(UserError, match="2 levels of power are too few"):
        signed(bench(tmp_path, lambda watts: watts, loads=("idle", "full")))


def test_a_meter_that_was_corrected_already_is_not_calibrated_again(tmp_path):
    bench(tmp_path, lambda watts: watts)
    relabel(rundir.Rep(tmp_path).trace("wrong", 1), calibration=copied(gain=1.0, offset_W=0.0))
    with pytest.raises(UserError, match="was recorded with a calibration: crosscheck it again without one"):
        signed(result.load(tmp_path))


def test_meters_with_nothing_in_common_bear_none(tmp_path):
    with pytest.raises(UserError, match="right and wrong: .*does not move together"):
        signed(bench(tmp_path, lambda watts: 5.0))
