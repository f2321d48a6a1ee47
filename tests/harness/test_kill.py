"""Nothing is lost: whatever is killed and whenever, the same command resumes, ends with the same weights, and every
sample that was promised to be on disk is there."""

import json
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from harness import rundir
from meters.trace import Trace
from tests.harness.command import children, harness, start

TARGETS = ("harness.worker", "harness.recorder", "parent")


def weights(out):
    """{stage: state of the finished model} of a run directory."""
    torch = pytest.importorskip("torch")
    states = {}
    for folder in rundir.reps(out):
        rep = rundir.Rep(folder)
        assert rep.complete, folder
        states[folder.parent.name] = torch.load(str(rep.checkpoint), map_location="cpu")["model"]
    return states


def kill_soon(process, target, after_s):
    """SIGKILL the child module `target`, or the parent, `after_s` after the child has appeared."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        pid = process.pid if target == "parent" else children(process.pid).get(target)
        if pid is not None:
            time.sleep(after_s)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            break
        time.sleep(0.05)
    process.wait(timeout=120)


def promised_frames_are_in_the_traces(out):
    """Each commit promised that all samples up to the end of its epoch were on disk."""
    promises = 0
    for folder in rundir.reps(out):
        rep = rundir.Rep(folder)
        ends = {}
        for line in rep.events.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "end" and event["phase"] == "epoch":
                ends[event["attempt"]] = event["t_ns"]
            if event["event"] == "commit":
                ends["committed", event["attempt"]] = ends[event["attempt"]]
        for meter, attempt, path in rep.traces():
            through_ns = ends.get(("committed", attempt))
            if through_ns is None:
                continue
            promises += 1
            recorded = set((Trace.open(path).column("device_ns") // 1000000).tolist())
            missing = [ms for ms in sent_before(rep.emulator_log(meter, attempt), through_ns) if ms not in recorded]
            begun = min(recorded)
            assert [ms for ms in missing if ms >= begun] == []
    return promises


def sent_before(log, through_ns):
    """Device milliseconds of the frames that the emulator had sent by `through_ns`."""
    rows = [json.loads(line) for line in Path(log).read_text().splitlines() if line.endswith("}")]
    return [row["device_ms"] for row in rows if "device_ms" in row and row["t_ns"] <= through_ns]


def survives(study, out, seed, kills, longest_s):
    chance = random.Random(seed)
    assert harness("run", study, "--keep-checkpoints", "--out", out / "whole").returncode == 0
    for number in range(kills):
        process = start("run", study, "--keep-checkpoints", "--out", out / "killed")
        kill_soon(process, TARGETS[number % len(TARGETS)], chance.uniform(0.2, longest_s))
    final = harness("run", study, "--keep-checkpoints", "--out", out / "killed")
    assert final.returncode == 0, final.stderr
    whole, killed = weights(out / "whole"), weights(out / "killed")
    assert set(whole) == set(killed)
    for stage in whole:
        for name, value in whole[stage].items():
            assert np.array_equal(value.numpy(), killed[stage][name].numpy()), (stage, name)
    assert promised_frames_are_in_the_traces(out / "killed") > 0


def test_tiny_survives_ten_kills(tmp_path):
    survives("tiny", tmp_path, seed=1, kills=10, longest_s=6)


@pytest.mark.soak
def test_smoke_survives_ten_kills(tmp_path):
    survives("smoke", tmp_path, seed=2, kills=10, longest_s=60)
