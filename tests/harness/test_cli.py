"""The command line as a user meets it: results on stdout, one sentence per mistake on stderr, exit statuses."""

import json
import subprocess
import sys

import pytest

from tests.harness.command import ROOT, harness


@pytest.mark.parametrize(
    "arguments, status, expected",
    [
        (["run", "smok"], 2, "error: no study 'smok' - did you mean 'smoke'"),
        (["run", "tiny", "--meter", "wattsupp:port=/dev/null"], 2, "no meter 'wattsupp'"),
        (["run", "tiny", "--meter", "smartpower3:prot=/dev/null"], 2, "did you mean port"),
        (["run", "tiny", "--meter", "none", "--meter", "ina3221"], 2, "--meter none stands alone"),
        (["run", "tiny", "--only", "ratio=0.9"], 2, "leaves no row"),
        (["run", "tiny", "--threads", "0"], 2, "--threads"),
        (["run", "tiny", "--devices", "0"], 2, "--devices"),
        (["rnu", "tiny"], 2, "error: no command 'rnu' - did you mean 'run'?; there are: attach, compare, data, doctor"),
        (["meters", "list"], 2, "error: no command 'list'; there are: calibrate, crosscheck, emulate, import, probe"),
        (["data", "ftch"], 2, "error: no command 'ftch' - did you mean 'fetch'?"),
        (["ticket", "look"], 2, "error: no command 'look'; there are: export, import, show"),
        (["status", "/proc/self/fd"], 2, "no stage below /proc/self/fd: give the folder that harness run wrote"),
    ],
)
def test_misuse(arguments, status, expected, tmp_path):
    done = harness(*arguments, *(["--out", tmp_path] if arguments[0] == "run" else []))
    assert done.returncode == status
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "meter, expected",
    [
        ("smartpower3:port=/dev/nowhere", "/dev/nowhere"),
        ("ina3221", "no INA3221"),
    ],
)
def test_a_meter_that_cannot_measure_fails_before_any_training(meter, expected, tmp_path):
    done = harness("run", "tiny", "--meter", meter, "--out", tmp_path)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_full_disk_does_not_take_is_a_sentence():
    with open("/dev/full", "w") as full:
        arguments = [sys.executable, "-m", "harness", "run", "tiny", "--dry-run"]
        done = subprocess.run(arguments, cwd=str(ROOT), stdout=full, stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: No space left on device; what was confirmed before is on disk: make room")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (
            ["run", "tiny", "--meter", "none", "--out", "/proc/new"],
            "error: No such file or directory (/proc/new); name",
        ),
        (
            ["meters", "record", "um:port=emulate:sine", "--out", "/proc/new"],
            "error: No such file or directory (/proc/new",
        ),
        (["meters", "emulate", "um", "--log", "/proc/new"], "error: /proc/new can't be written: No such file"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_a_sentence(arguments, expected):
    done = harness(*arguments)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(expected)


def test_dry_run_shows_rows_and_folders_and_runs_nothing(tmp_path):
    done = harness("run", "tiny", "--dry-run", "--json", "--out", tmp_path / "runs")
    plan = json.loads(done.stdout)
    assert [cell["method"] for cell in plan["cells"]] == ["early_bird"]
    assert [stage["state"] for stage in plan["stages"]] == ["not begun", "not begun"]
    assert not (tmp_path / "runs").exists()
