"""harness meters crosscheck at two emulated meters that share a profile, one of them wrong in known ways."""

import contextlib
import json
import os
import time

import numpy as np
import pytest

from harness import rundir
from harness.crosscheck import result
from harness.crosscheck.load import Step, steps
from meters import calibration
from meters.trace import Trace
from tests.harness.command import harness
from tests.harness.drawn import drawn_J
from tests.meters.bench import emulated

GAIN, OFFSET_W, LAG_MS = 1.04, 0.25, 130


@contextlib.contextmanager
def two_meters(folder, *wrong, kind="smartpower3"):
    """Ports of a meter that is right and of one that errs; power steps at times that no sampling keeps to."""
    rng = np.random.default_rng(9)
    times = np.cumsum(np.concatenate(([0.0], rng.uniform(0.4, 1.0, 60))))
    levels = rng.permutation(np.resize([4.0, 9.0, 15.0], 60))
    lines = ["{:.4f},{}\n{:.4f},{}\n".format(a, w, b - 1e-4, w) for a, b, w in zip(times, times[1:], levels)]
    (folder / "profile").write_text("".join(lines))
    options = ["--profile", "file:{}".format(folder / "profile"), "--since", str(time.monotonic())]
    for name in ("right", "wrong"):
        (folder / name).mkdir()
    with emulated("smartpower3", folder / "right", *options) as one:
        with emulated(kind, folder / "wrong", *options, *wrong) as other:
            yield one, other


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    with two_meters(folder, "--gain", str(GAIN), "--offset", str(OFFSET_W), "--lag", str(LAG_MS)) as (one, other):
        done = harness(
            "meters", "crosscheck", "smartpower3:port=" + one.port, "smartpower3:name=wrong,port=" + other.port,
            "--window", 2, "--rounds", 2, "--out", folder / "out", "--json",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "out", json.loads(done.stdout)


def test_gain_offset_and_lag_are_found_again(checked):
    (pair,) = checked[1]["pairs"]
    assert (pair["reference"], pair["meter"]) == ("smartpower3", "wrong")
    assert pair["fit"]["gain"] == pytest.approx(GAIN, rel=1e-3)
    assert pair["fit"]["offset_W"] == pytest.approx(OFFSET_W, abs=0.01)
    assert pair["fit"]["lag_s"] == pytest.approx(LAG_MS / 1e3, abs=0.005)


def test_it_says_what_each_meter_sees_and_that_it_is_simulated(checked):
    content = checked[1]
    assert content["simulated"] and [view["boundaries"] for view in content["views"]] == [["dc_input"]] * 2
    assert set(content["views"][0]["mean_W"]) == {step.name for step in steps(_cpus(), False)}
    assert not content["pairs"][0]["acceptance"]["accepted"]
    assert "wants 5 windows of 60 s" in content["pairs"][0]["acceptance"]["reason"]


def _cpus():
    return len(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def signed(checked, tmp_path_factory):
    out = tmp_path_factory.mktemp("signed") / "wrong.json"
    done = harness(
        "meters", "calibrate", checked[0], "--meter", "wrong", "--reference", "smartpower3", "--signed-by", "N. N.",
        "--out", out,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "{}\n".format(out)), done.stderr
    return out


def test_a_calibration_has_what_a_reader_must_know(checked, signed):
    found = calibration.load(str(signed))
    assert found.gain == pytest.approx(GAIN, rel=1e-3) and found.residual_W < 0.05
    assert found.reference_gain_error == 0.03  # as a SmartPower3 declares of itself
    about = found.content
    assert about["signed_by"] == "N. N." and about["simulated"] and about["power_mode"]
    for name, digest in about["evidence"].items():
        assert rundir.digest(checked[0] / name) == digest
    assert sorted(about["evidence"]) == ["crosscheck.json", "power/smartpower3.1.arrow", "power/wrong.1.arrow"]


def test_a_later_measurement_with_it_tells_what_was_truly_drawn(signed, tmp_path):
    with emulated(
        "smartpower3", tmp_path, "--profile", "sine", "--gain", str(GAIN), "--offset", str(OFFSET_W)
    ) as meter:
        options = "smartpower3:port={},calibration={}".format(meter.port, signed)
        done = harness("measure", "--meter", options, "--out", tmp_path / "out", "--", "sleep", 2)
        log = meter.log()
    assert done.returncode == 0 and "corrected by calibration wrong.json (signed by N. N." in done.stderr
    figures = json.loads((tmp_path / "out" / "measure.json").read_text())["meters"][0]
    lines = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    start_ns, stop_ns = [line["t_ns"] for line in lines if line.get("phase") == "command"]
    true_J = drawn_J(log, start_ns, stop_ns)
    assert figures["energy_J"] == pytest.approx(true_J, rel=0.005)
    raw = Trace.open(tmp_path / "out" / "power" / "smartpower3.1.arrow").column("out1_power_W")
    assert raw.mean() > 1.03 * figures["energy_J"] / ((stop_ns - start_ns) / 1e9)


@pytest.mark.parametrize(
    "arguments, status, sentence",
    [
        (
            ["--meter", "other", "--reference", "wrong"],
            2,
            "no meter 'other' that shows a whole input; there are: smart",
        ),
        (["--meter", "wrong", "--reference", "smartpower3", "--signed-by", " "], 2, "somebody has to stand for"),
    ],
)
def test_what_cannot_be_signed_is_a_sentence(checked, tmp_path, arguments, status, sentence):
    options = ["--out", tmp_path / "c.json", "--signed-by", "N. N."]
    done = harness("meters", "calibrate", checked[0], *options, *arguments)
    assert done.returncode == status and sentence in done.stderr and not (tmp_path / "c.json").exists()


def test_a_signed_file_is_not_overwritten(checked, signed):
    options = ["--meter", "wrong", "--reference", "smartpower3", "--signed-by", "X", "--out", signed]
    done = harness("meters", "calibrate", checked[0], *options)
    assert done.returncode == 2 and "is not overwritten" in done.stderr


def test_what_is_stored_reads_back_with_its_traces(checked):
    folder, content = checked
    found = result.load(folder)
    assert found.content == content
    assert {view.name for view in found.views()} == {"smartpower3", "wrong"}
    assert result.pair(found, "smartpower3", "wrong") == content["pairs"][0]
    assert result.pair(found, "wrong", "smartpower3") is None


def test_the_levels_of_a_staircase():
    assert steps(4, False) == [Step("idle"), Step("cpu half", 2), Step("cpu full", 4)]
    assert [step.name for step in steps(6, True)][3:] == ["gpu", "gpu and cpu"]
    assert steps(1, False) == [Step("idle"), Step("cpu full", 1)]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["smartpower3:port=x", "--out", "{}/new"], "needs two meters at least"),
        (["smartpower3:port=x", "smartpower:port=y", "--out", "{}/new"], "did you mean smartpower3"),
        (["smartpower3:port=x", "smartpower3:port=y", "--out", "{}/new"], "two meters are named smartpower3"),
        (["smartpower3:port=x", "ina3221", "--out", "{}"], "is not empty"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path, arguments, sentence):
    (tmp_path / "old").write_text("kept")
    done = harness("meters", "crosscheck", *[argument.format(tmp_path) for argument in arguments])
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_a_folder_without_a_crosscheck_is_refused(tmp_path):
    from harness.errors import UserError

    with pytest.raises(UserError, match="give the folder that harness meters crosscheck wrote"):
        result.load(tmp_path)
    (tmp_path / "crosscheck.json").write_text('{"schema": 1}')
    with pytest.raises(UserError, match="is damaged"):
        result.load(tmp_path)
    (tmp_path / "crosscheck.json").write_text('{"schema": 2, "meters": []}')
    with pytest.raises(UserError, match="this harness reads schema 1"):
        result.load(tmp_path)
