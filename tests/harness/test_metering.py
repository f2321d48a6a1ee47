"""The verbs of harness meters, at emulated meters: what is shown and recorded is what was drawn."""

import json
import os
import signal
import subprocess
import sys

import pytest

from meters.trace import Trace
from tests.harness.command import ROOT, harness
from tests.harness.drawn import drawn_J
from tests.meters.bench import emulated


def test_verbs_are_listed_beside_the_kinds():
    listed = json.loads(harness("meters", "--json").stdout)
    assert "smartpower3" in listed["kinds"] and isinstance(listed["attached"], list)
    assert "attached to this machine" in harness("meters").stdout
    shown = harness("meters", "--help").stdout
    assert all("\n  {} ".format(verb) in shown for verb in ("emulate", "import", "probe", "record", "watch"))
    assert harness("meters", "prob").returncode == 2


def test_probe_identifies_and_shows_ten_readings():
    done = harness("meters", "probe", "smartpower3:port=emulate:const:6", "--json")
    found = json.loads(done.stdout)
    assert found["simulated"] and found["period_s"] == 0.01 and found["total"] == ["out1"]
    assert found["identity"]["baud"] == 115200
    powers = [reading["out1_power_W"] for reading in found["readings"]]
    assert len(powers) == 10 and powers == pytest.approx([6.0] * 10, abs=0.001)
    shown = harness("meters", "probe", "smartpower3:port=emulate:const:6")
    assert "simulated: no joule of it is measured" in shown.stdout and "part of the total" in shown.stdout
    assert shown.stdout.count("6.000") >= 10


def test_watch_prints_lines_where_there_is_no_terminal():
    done = harness("meters", "watch", "smartpower3:port=emulate:const:6", "--seconds", 1.3)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all(line.startswith("6.000 W (simulated) in_power_W=") for line in lines)


def test_watch_is_live_on_a_terminal_until_ctrl_c(tmp_path):
    pid, terminal = os.forkpty()
    if pid == 0:
        os.chdir(str(ROOT))
        spec = "smartpower3:port=emulate:const:6"
        os.execve(
            sys.executable, [sys.executable, "-m", "harness", "meters", "watch", spec], dict(os.environ, TERM="xterm")
        )
    said = b""
    while said.count(b"6.000 W") < 4:
        said += os.read(terminal, 4000)
    os.write(terminal, b"\x03")
    try:
        while True:
            said += os.read(terminal, 4000)
    except OSError:  # the terminal has been left
        pass
    assert os.waitpid(pid, 0)[1] == 0
    assert b"(simulated)" in said and "▁".encode() in said and b"Traceback" not in said


@pytest.mark.parametrize("interrupted", [None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_record_writes_one_trace_with_the_joules_that_were_drawn(tmp_path, interrupted):
    out = tmp_path / "laptop" / "wall.arrow"
    with emulated("smartpower3", tmp_path, "--profile", "sine") as bench:
        command = [
            sys.executable,
            "-m",
            "harness",
            "meters",
            "record",
            "smartpower3:port=" + bench.port,
            "--out",
            str(out),
        ]
        running = subprocess.Popen(
            command + ([] if interrupted else ["--seconds", "1.5"]),
            cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
        )  # fmt: skip
        if interrupted:
            assert running.stderr.readline() == "recording smartpower3 (simulated)\n"
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(1.5)
            os.kill(running.pid, interrupted)
        output, errors = running.communicate(timeout=30)
        log = bench.log()
    assert (running.returncode, output) == (0, "{}\n".format(out)), errors
    trace = Trace.open(out)
    start_ns, stop_ns = int(trace.t_ns[1]), int(trace.t_ns[-2])  # the device tells whole milliseconds
    assert trace.energy_J(start_ns, stop_ns) == pytest.approx(drawn_J(log, start_ns, stop_ns), rel=0.005)
    assert trace.simulated and stop_ns - start_ns > 1.4e9
    assert os.listdir(str(out.parent)) == ["wall.arrow"]
    assert "0 gaps" in errors


KEPT = "power_W\n1\n2\n"


@pytest.mark.parametrize(
    "spec, watts",
    [
        ("scpi:port=emulate:const:6,variant=hioki", "in_power_W"),
        ("line:port=emulate:const:6,format=json,columns=ms:ms+v:V+i:A,checksum=none", "line_power_W"),
    ],
)
def test_an_emulator_talks_as_the_options_of_its_meter_expect(spec, watts):
    done = harness("meters", "probe", spec, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [reading[watts] for reading in found["readings"]] == pytest.approx([6.0] * 10, rel=0.01)


@pytest.mark.parametrize(
    "arguments, status, sentence",
    [
        (["probe", "smartpower:port=x"], 2, "did you mean smartpower3"),
        (["probe", "smartpower3:port=/dev/ttyUSB99"], 1, "there is no port /dev/ttyUSB99"),
        (["watch", "smartpower3:port=emulate:nothing"], 2, "error: no profile 'nothing'; there are: const:W, sine"),
        (["record", "smartpower3:port=/dev/ttyUSB99", "--out", "{}/new.arrow"], 1, "there is no port /dev/ttyUSB99"),
        (["record", "smartpower3:port=x", "--out", "{}/old"], 2, "exists already"),
        (["record", "smartpower3:port=x", "--out", "{}/old/new.arrow"], 1, "name another place"),
        (["import", "{}/old", "--format", "csv", "--period", "1", "--out", "{}/old/x"], 1, "name another place"),
        (["emulate", "smartpower3", "--link", "/proc/x"], 1, "error: /proc/x"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path, arguments, status, sentence):
    (tmp_path / "old").write_text(KEPT)
    done = harness("meters", *[argument.format(tmp_path) for argument in arguments])
    assert done.returncode == status and sentence in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "old").read_text() == KEPT
