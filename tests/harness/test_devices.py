"""Training on several devices: what dies ends the run in a sentence, leaves no orphan, and is resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import rundir
from harness.ranks import described
from harness.runner import differing
from tests.harness.command import ROOT, harness

pytest.importorskip("torch")

STUDY = """
models = ["vgg16"]
datasets = ["synthetic"]
[training]
width = 0.03
limit = 1000
epochs = 4
milestones = []
batch_size = 50
[methods.dense]
"""
PATIENCE_S = 60


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "pair.toml"
    path.write_text(STUDY)
    return ["run", path, "--meter", "none", "--devices", 2, "--threads", 2, "--out", tmp_path / "runs"]


def _start(study):
    words = [sys.executable, "-m", "harness"] + [str(word) for word in study]
    return subprocess.Popen(words, cwd=str(ROOT), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def _processes(folder):
    """{rank: pid} of the workers that train into `folder`, and the pid of their launcher under -1."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", entry, "cmdline").read_bytes().decode().split("\0")
            environment = Path("/proc", entry, "environ").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if any(str(folder) in word for word in words) and "harness.worker" in words:
            found.update({int(item[5:]): int(entry) for item in environment if item.startswith("RANK=")})
            found[-1] = _parent(entry)
    return found


def _parent(pid):
    return int(Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[1])


def _until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _committed(folder):
    """Epochs that the run's only stage has committed."""
    logs = [rundir.Rep(path).events for path in rundir.reps(folder)]
    return sum(line.startswith('{"event": "commit"') for log in logs if log.exists() for line in log.open())


def test_deaths_end_the_run_in_a_sentence_without_orphans_and_it_is_resumed(study, tmp_path):
    folder = tmp_path / "runs"
    run = _start(study)
    _until(lambda: _committed(folder) >= 1)
    os.kill(_processes(folder)[1], signal.SIGKILL)
    _, told = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert b"Traceback" not in told
    assert b"error: the training process on device 1 of 2 ended (killed by signal 9 (SIGKILL)); run the same" in told

    committed = _committed(folder)
    run = _start(study)
    _until(lambda: len(_processes(folder)) == 3)
    pids = list(_processes(folder).values())
    run.kill()
    run.communicate()
    _until(lambda: not any(Path("/proc", str(pid)).exists() for pid in pids))

    final = harness(*study)
    assert final.returncode == 0, final.stderr
    (rep,) = [rundir.Rep(path) for path in rundir.reps(folder)]
    assert rep.complete and _committed(folder) >= 4 > committed >= 1
    assert json.loads(rep.manifest.read_text())["devices"] == 2


def test_attempts_on_another_number_of_devices_are_not_comparable():
    assert differing({}, {"devices": 1}) == []
    assert differing({"devices": 1}, {"devices": 2}) == ["devices was 1, is 2"]


class Failure:
    def __init__(self, exitcode, timestamp=0):
        self.exitcode, self.timestamp = exitcode, timestamp


def nothing(status):
    return ""


def test_the_rank_that_was_killed_is_named_before_those_that_missed_it():
    told = described({0: Failure(-15), 1: Failure(-11, 1), 2: Failure(1)}, 3, nothing)
    assert told == "the training process on device 1 of 3 ended (killed by signal 11 (SIGSEGV))"
    aborted = described({0: Failure(-6), 1: Failure(-9), 2: Failure(1)}, 3, nothing)
    assert aborted == "the training process on device 1 of 3 ended (killed by signal 9 (SIGKILL))"
    assert "device 0 of 2 ended (killed by signal 6" in described({0: Failure(-6, 1), 1: Failure(1)}, 2, nothing)
    assert described({0: Failure(1, 5), 1: Failure(3, 4)}, 2, nothing).endswith("device 1 of 2 ended (exit status 3)")
    assert described({0: Failure(-9)}, 2, lambda status: f"; why {status}").endswith("signal 9 (SIGKILL); why -9)")
