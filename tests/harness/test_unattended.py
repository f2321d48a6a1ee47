"""Runs that nobody watches: in the background, taken up again at boot, told by status, on a large enough disk."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from harness import lock, rundir
from harness import plan as planning
from harness import study as studies
from harness.errors import UserError
from harness.unattended import at_boot, beacon, detach
from harness.unattended.footprint import PARAMETERS, Footprint, check, footprint
from meters.spec import parse_all
from tests.harness.command import ROOT, children, harness
from workloads.job import Draw, Training

STUDY = """
models = ["vgg16"]
datasets = ["synthetic"]
[training]
width = 0.0625
limit = 64
epochs = 2
batch_size = 64
[methods.dense]
"""


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A folder in which stubs of systemctl and loginctl write their calls."""
    world = tmp_path / "world"
    (world / "bin").mkdir(parents=True)
    for command in ("systemctl", "loginctl"):
        shutil.copy(str(ROOT / "tests/setup/systemd_stub"), str(world / "bin" / command))
    (world / "calls").write_text("")
    (world / "linger").write_text("Linger=no\n")
    monkeypatch.setenv("PATH", f"{world / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("WORLD", str(world))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return world


def calls(world):
    return (world / "calls").read_text().splitlines()


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert condition()


def gone(process):
    """Whether a process has ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_detached_run_survives_hangups_tells_its_status_and_is_taken_up_at_boot(tmp_path, systemd):
    study, out = tmp_path / "mine.toml", tmp_path / "runs"
    study.write_text(STUDY)
    done = harness("run", study, "--meter", "none", "--out", out, "--detach", "--at-boot", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    process, log = told["process"], Path(told["log"])
    until(lambda: "harness.worker" in children(process))
    assert at_boot.path("mine").exists()
    [stage] = json.loads(harness("status", out, "--json").stdout)
    assert stage["running"]["pid"] == process and stage["running"]["study"] == "mine"
    assert "running now: mine [1/1] train vgg16 on synthetic" in harness("status", out).stdout
    for target in [process, *children(process).values()]:
        os.kill(target, signal.SIGHUP)
    until(lambda: gone(process))
    assert '"study": "mine"' in log.read_text(), log.read_text()
    assert [rundir.Rep(rep).complete for rep in rundir.reps(out)] == [True]
    assert not at_boot.path("mine").exists() and not rundir.live_files(out)
    assert "finished" in harness("status", out).stdout


def test_a_mistake_that_shows_at_once_is_told_in_the_foreground(tmp_path):
    folder = rundir.Machine(tmp_path, "board").study("mine")
    with pytest.raises(UserError, match="^no study 'nosuch'") as mistake:
        detach.detached(["run", "nosuch"], folder)
    assert mistake.value.code == 2 and "error: no study" in folder.log.read_text()


def test_a_run_beside_another_one_is_refused_in_the_foreground(tmp_path):
    folder = rundir.Machine(tmp_path, "board").study("mine")
    with lock.exclusive(folder.machine.lock, 0), pytest.raises(UserError, match="another run .* is measuring into"):
        detach.detached(["run", "smoke"], folder, 0)
    assert not folder.log.exists()


def test_what_a_killed_run_left_behind_is_not_told_as_running(tmp_path):
    folder = rundir.Machine(tmp_path, "board").study("mine")
    folder.folder.mkdir(parents=True)
    folder.live.write_text(json.dumps({"pid": os.getpid(), "stage": "abc"}))
    assert beacon.running(tmp_path) == []
    with lock.exclusive(folder.machine.lock):
        assert [run["study"] for run in beacon.running(tmp_path)] == ["mine"]
        folder.live.write_text(json.dumps({"pid": 1, "stage": "abc"}))
        assert beacon.running(tmp_path) == []
        folder.live.write_text("{")
        assert beacon.running(tmp_path) == []


def test_the_unit_runs_the_same_command_in_the_same_folder(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/a b")
    text = at_boot.unit("mine", ["run", "100%.toml", "--only", 'label="$x"', "--at-boot"], Path("/work dir/50%"))
    assert "WorkingDirectory=/work dir/50%%\n" in text
    assert 'Environment="PYTHONPATH=/a b"\n' in text
    assert (
        f'ExecStart="{sys.executable}" "-m" "harness" "run" "100%%.toml" "--only" "label=\\"$$x\\"" "--at-boot"\n'
    ) in text
    assert "KillMode=mixed\n" in text and "\n[Install]\nWantedBy=default.target\n" in text


def test_installing_says_what_is_needed_once_and_how_to_undo_it(systemd, tmp_path):
    said = []
    at_boot.install("my study", ["run", "x"], tmp_path, said.append)
    unit = "edge-energy-my-study.service"
    assert calls(systemd)[:2] == ["systemctl --user daemon-reload", f"systemctl --user enable {unit}"]
    assert "sudo loginctl enable-linger" in said[0]
    assert f"systemctl --user disable {unit} && rm {at_boot.path('my study')}" in said[1]
    (systemd / "linger").write_text("Linger=yes\n")
    at_boot.install("my study", ["run", "x"], tmp_path, said.append)
    assert len(said) == 3 and len([call for call in calls(systemd) if "enable" in call]) == 1
    at_boot.remove("my study")
    assert calls(systemd)[-2:] == [f"systemctl --user disable {unit}", "systemctl --user daemon-reload"]
    assert not at_boot.path("my study").exists()
    at_boot.remove("my study")


def test_without_a_user_manager_there_is_a_sentence_and_no_unit(systemd, tmp_path):
    (systemd / "no-systemd").write_text("")
    with pytest.raises(UserError, match="Failed to connect to bus.*leave it out"):
        at_boot.install("mine", ["run", "x"], tmp_path, print)
    assert not at_boot.path("mine").exists()


@pytest.mark.parametrize("model, classes", [("vgg16", 100), ("preresnet101", 100), ("resnet18", 1000)])
def test_the_sizes_of_networks_are_those_of_the_networks(model, classes):
    pytest.importorskip("torch")
    from workloads.models import build

    network = build(model, classes)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(PARAMETERS[model], rel=0.01)


def test_what_a_training_writes_is_weights_and_momentum_at_each_epoch():
    draws = (Draw(0.3), Draw(0.5))
    stage = Training("search", "vgg16", "cifar10", epochs=160, draws=draws)
    found = footprint([stage], [], keep_checkpoints=False)
    assert found.checkpoint == 8 * PARAMETERS["vgg16"] and found.written == 160 * found.checkpoint
    assert found.kept == 2 * 4 * PARAMETERS["vgg16"]
    assert footprint([stage], [], keep_checkpoints=True).kept == found.kept + found.checkpoint


def test_a_trace_takes_what_was_estimated(tmp_path):
    from meters.trace_format import TraceRow
    from meters.trace_write import TraceWriter

    [spec] = parse_all(["smartpower3:port=/dev/null"])
    meter = spec.create()
    writer = TraceWriter(str(tmp_path / "t.arrow"), meter.columns, True, {})
    per_s = int(1 / meter.period_s)
    empty = os.path.getsize(str(tmp_path / "t.arrow"))
    for _second in range(20):
        rows = [TraceRow(i, 0, i, 0, 0, tuple([1.0] * len(meter.columns))) for i in range(per_s)]
        writer.append(rows)
    grown = (os.path.getsize(str(tmp_path / "t.arrow")) - empty) / 20
    estimated = footprint([], [spec], False).traces_per_s
    assert 0.7 * grown < estimated < 1.5 * grown


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(tmp_path):
    found = Footprint(checkpoint=120e6, written=19e9, kept=60e6, traces_per_s=1500)
    with pytest.raises(UserError, match="100 MB are free at .*needs about 311 MB .*19.0 GB written in all"):
        check(found, tmp_path / "not" / "there", print, free=100e6)
    said = []
    check(found, tmp_path, said.append, free=2e9)
    assert said[0].startswith("disk: checkpoints of 120 MB, 19.0 GB written in all, traces 5.40 MB an hour")
    assert "2.00 GB are free" in said[0] and "enough for 13.0 days of recording" in said[0]


def test_a_model_of_unknown_size_is_named(tmp_path):
    plan = planning.plan(studies.parse(STUDY, "mine"))
    found = footprint(plan.stages, [], False)._replace(unknown=["theirs"])
    said = []
    check(found, tmp_path, said.append, free=1e12)
    assert said[0].endswith("enough for months; how large theirs is, is not known here")
