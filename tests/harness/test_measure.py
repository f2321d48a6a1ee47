"""harness measure: the joules of a command are those that the emulated board drew, and its exit status is kept."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from harness.measuring import overhead
from meters.spec import MeterSpec
from meters.trace import Trace
from tests.harness.command import ROOT, harness
from tests.harness.drawn import measured
from tests.meters.bench import emulated, read_for

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
TIDIES_UP = """
import signal, sys, time
def leave(number, frame):
    time.sleep(0.3)
    print("tidied up")
    sys.exit(7)
signal.signal({}, leave)
print("begun", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    "kind, profile", [("smartpower3", "const:7.5"), ("smartpower3", "sine"), ("smartpower3", "steps"), ("line", "sine")]
)
def test_a_command_is_charged_what_was_drawn(tmp_path, kind, profile):
    figures, drawn = measured(kind, "", tmp_path, 4 if kind == "line" else 2, "--profile", profile)
    (meter,) = figures["meters"]
    (execution,) = meter["executions"]
    assert execution["energy_J"] == meter["energy_J"] == pytest.approx(drawn, rel=0.005)
    assert (execution["coverage"], execution["reason"], execution["status"]) == (1.0, None, 0)
    assert 2.0 <= execution["time_s"] < 4.5
    assert figures["simulated"] and meter["simulated"] and meter["boundaries"] == ["dc_input"]


def test_repetitions_warm_up_and_rest(tmp_path):
    arguments = ["--repetitions", 2, "--warmup", 1, "--idle", 0.2, "--json"]
    with emulated("smartpower3", tmp_path, "--profile", "const:6") as bench:
        program = ["sh", "-c", "echo one >> {0}; echo said; sleep 0.5".format(tmp_path / "executions")]
        done = harness("measure", "--meter", "smartpower3:port=" + bench.port, *arguments, "--", *program)
    assert (tmp_path / "executions").read_text() == "one\n" * 3
    assert done.returncode == 0 and done.stderr.startswith("said\nsaid\nsaid\n")
    (meter,) = json.loads(done.stdout)["meters"]
    energies = [execution["energy_J"] for execution in meter["executions"]]
    assert len(energies) == 2 and meter["energy_J"] == pytest.approx(sum(energies) / 2)
    assert meter["energy_deviation_J"] == pytest.approx(abs(energies[0] - energies[1]) / 2**0.5)
    assert meter["idle_W"] == pytest.approx(6.0, rel=1e-3)
    assert abs(meter["energy_net_J"]) < 0.01 and abs(meter["executions"][1]["energy_net_J"]) < 0.01


def test_what_is_asked_of_the_recorder_is_done_and_told(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "sine") as bench:
        meter = "smartpower3:name=bench,port=" + bench.port
        done = harness(
            "measure", "--meter", meter, "--raw", "--recorder-cpus", 0, "--out", tmp_path / "m", "--", "sleep", "0.5"
        )
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "m" / "measure.json").read_text())
    assert figures["recorder"] == {"realtime": False, "cpus": [0]}
    trace = Trace.open(tmp_path / "m" / "power" / "bench.1.arrow")
    with MeterSpec.parse("replay:path={}".format(tmp_path / "m" / "power" / "bench.1.raw")).create() as meter:
        samples = meter.samples() + read_for(meter, 0.3)
    assert [sample.values[3] for sample in samples] == pytest.approx(trace.power_W()[: len(samples)].tolist())
    assert len(samples) >= 20


def test_stdout_is_the_commands_and_the_table_says_simulated(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "const:6") as bench:
        done = harness(
            "measure", "--meter", "smartpower3:port=" + bench.port, "--", "sh", "-c", "cat; sleep 0.4", input="in"
        )
    assert done.stdout == "in"
    assert "power is simulated, no joule here was measured on a board" in done.stderr
    assert "simulated J" in done.stderr and "100.0" in done.stderr


def test_figures_that_cannot_be_written_were_shown(tmp_path):
    (tmp_path / "out/measure.json.tmp").mkdir(parents=True)
    with emulated("smartpower3", tmp_path, "--profile", "const:6") as bench:
        done = harness(
            "measure", "--meter", "smartpower3:port=" + bench.port, "--out", tmp_path / "out", "--", "sleep", "0.5"
        )
    assert done.returncode == 1 and "simulated J" in done.stderr and "\n1          0." in done.stderr
    assert "measure.json.tmp); name another place" in done.stderr and "Traceback" not in done.stderr


def test_a_command_too_short_for_the_meter_has_a_reason_instead_of_joules(tmp_path):
    with emulated("smartpower3", tmp_path) as bench:
        done = harness("measure", "--meter", "smartpower3:port=" + bench.port, "--json", "--", "true")
    (meter,) = json.loads(done.stdout)["meters"]
    assert done.returncode == 0 and meter["energy_J"] is None and meter["executions"][0]["energy_J"] is None
    assert "too short for meter smartpower3" in meter["reasons"][0]


@pytest.mark.parametrize("script, status", [("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)])
def test_a_command_that_fails_ends_the_series_with_its_status(tmp_path, script, status):
    with emulated("smartpower3", tmp_path) as bench:
        program = ["sh", "-c", "sleep 0.4; " + script]
        meter = "smartpower3:port=" + bench.port
        done = harness("measure", "--meter", meter, "--repetitions", 3, "--json", "--", *program)
    found = json.loads(done.stdout)
    assert done.returncode == found["status"] == status
    assert [execution["status"] for execution in found["meters"][0]["executions"]] == [status]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_goes_to_the_command_and_the_trace_is_whole(tmp_path, number):
    with emulated("smartpower3", tmp_path) as bench:
        program = [sys.executable, "-c", TIDIES_UP.format(int(number))]
        command = [sys.executable, "-m", "harness", "measure", "--meter", "smartpower3:port=" + bench.port]
        running = subprocess.Popen(
            command + ["--out", str(tmp_path / "m"), "--repetitions", "2", "--"] + program,
            cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            start_new_session=True,
        )  # fmt: skip
        assert running.stdout.readline() == "begun\n"
        time.sleep(0.3)
        os.kill(running.pid, number)
        output, errors = running.communicate(timeout=30)
    assert (running.returncode, output) == (7, "tidied up\n"), errors
    (meter,) = json.loads((tmp_path / "m" / "measure.json").read_text())["meters"]
    assert meter["executions"][0]["energy_J"] > 0 and len(meter["executions"]) == 1
    assert meter["statistics"]["samples"] == len(Trace.open(tmp_path / "m" / "power" / "smartpower3.1.arrow").t_ns)


def test_ctrl_c_at_a_terminal_reaches_the_command_once(tmp_path):
    """The terminal sends it to both; the harness does not send it again."""
    counts = (
        "import signal, time\nseen = []\nsignal.signal(2, lambda *_: seen.append(1))\nprint('begun', flush=True)\n"
        "time.sleep(0.8)\nprint('seen', len(seen), flush=True)"
    )
    with emulated("smartpower3", tmp_path) as bench:
        command = [sys.executable, "-m", "harness", "measure", "--meter", "smartpower3:port=" + bench.port, "--"]
        pid, terminal = os.forkpty()
        if pid == 0:
            os.chdir(str(ROOT))
            os.execv(sys.executable, command + [sys.executable, "-c", counts])
        said = b""
        while b"begun" not in said:
            said += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        try:
            while True:
                said += os.read(terminal, 1000)
        except OSError:  # the terminal has been left
            pass
        assert os.waitpid(pid, 0)[1] == 0
    assert b"seen 1" in said


@pytest.mark.parametrize(
    "arguments, status, sentence",
    [
        (["--", "nonesuch"], 127, "there is no program nonesuch"),
        ([], 2, "harness measure needs a command"),
        (["--meter", "smartpower", "--", "true"], 2, "did you mean smartpower3"),
        (["--meter", "smartpower3:port=/dev/ttyUSB99", "--", "true"], 1, "there is no port /dev/ttyUSB99"),
        (["--overhead", "--idle", "3"], 2, "--overhead takes"),
        (["--recorder-cpus", "all", "--", "true"], 2, "--recorder-cpus all is no list of processors"),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(arguments, status, sentence):
    done = harness("measure", *arguments)
    assert done.returncode == status and sentence in done.stderr and done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_recorder_that_saves_time_is_doubted():
    assert "no recorder can do" in overhead.doubt([-0.16, -0.15, -0.17, -0.12])
    for plausible in ([-0.16, -0.15], [-0.1, 0.1, -0.12, 0.09], [0.16, 0.15, 0.17, 0.12]):
        assert overhead.doubt(plausible) is None


def test_the_cost_of_the_harness_itself(tmp_path):
    """A sleep takes as long with a recorder as without one; its watts are what a busy processor adds, in part."""
    with emulated("smartpower3", tmp_path, "--profile", "cpu") as bench:
        arguments = ["--overhead", "--repetitions", 2, "--json", "--meter", "smartpower3:port=" + bench.port]
        done = harness("measure", *arguments, "--", "sleep", "0.6")
    found = json.loads(done.stdout)
    assert abs(found["time_percent"]) < 10 and found["pairs"] == 2 and found["simulated"]
    assert 0 < found["recorder_cpu_percent"] < 50
    if found["reason"]:
        assert "this machine is not at rest" in found["reason"] and found["recorder_W"] is None
    else:
        share = found["recorder_cpu_percent"] / 100
        assert found["recorder_W"] == pytest.approx(share * found["busy_processor_W"]) and found["recorder_W"] > 0
