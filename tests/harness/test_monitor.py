"""Windows of one's own program: their joules are those that were drawn, or there are none and a reason."""

import os
import signal
import subprocess
import sys
import time

import pytest

import harness
from harness.errors import UserError
from meters.errors import MeterError
from meters.trace import Trace
from tests.harness.command import ROOT, children
from tests.harness.drawn import drawn_J, read_log
from tests.meters.bench import emulated

UNTOUCHED = """
import multiprocessing, signal, sys, threading
import harness
before = [signal.getsignal(number) for number in range(1, 32)]
with harness.Monitor("smartpower3:port=emulate:const:5") as m:
    with m.window("work"):
        assert multiprocessing.get_start_method(allow_none=True) is None
        assert [signal.getsignal(number) for number in range(1, 32)] == before
assert [thread.name for thread in threading.enumerate() if not thread.daemon] == ["MainThread"]
assert not {"torch", "rich", "multiprocessing.spawn"} & set(sys.modules)
"""


def monitor(bench, **options):
    return harness.Monitor(["smartpower3:name=bench,port=" + bench.port], **options)


@pytest.mark.parametrize("profile", ["const:7.5", "sine", "steps"])
def test_windows_have_the_joules_that_were_drawn_asked_for_early_or_late(tmp_path, profile):
    with emulated("smartpower3", tmp_path, "--profile", profile) as bench:
        with monitor(bench) as m:
            with m.window("train") as train:
                time.sleep(0.4)
                with m.window("detect") as detect:
                    time.sleep(1.1)
                time.sleep(0.5)
            early = detect.energy_J
        log = bench.log()
    for window in (train, detect):
        drawn = drawn_J(log, window.start_ns, window.stop_ns)
        assert window.energy_J == pytest.approx(drawn, rel=0.005)
        assert window.mean_W == pytest.approx(window.energy_J / window.seconds)
        assert (window.coverage, window.reason, window.simulated) == (1.0, None, True)
    assert early == detect.energy_J and train.seconds > 2.0 > detect.seconds > 1.1
    assert m.statistics["bench"]["samples"] >= 200


def test_a_window_shorter_than_30_periods_has_a_reason_and_no_energy(tmp_path):
    with emulated("smartpower3", tmp_path) as bench, monitor(bench) as m:
        with m.window("detect") as w:
            time.sleep(0.05)
        assert (w.energy_J, w.mean_W, w.coverage) == (None, None, 1.0)
        assert "too short for meter bench" in w.reason and "0.3 s" in w.reason


def test_a_window_that_is_open_or_was_left_by_an_exception_has_no_energy(tmp_path):
    with emulated("smartpower3", tmp_path) as bench, pytest.raises(ZeroDivisionError):
        with monitor(bench) as m:
            with m.window("epoch") as w:
                time.sleep(0.4)
                assert w.energy_J is None and w.reason == "the window epoch is still open"
                time.sleep(1 / 0)
    assert w.energy_J is None and w.reason == "ZeroDivisionError left the window epoch before its end"


def test_a_window_with_a_gap_has_no_smaller_number(tmp_path):
    with emulated("smartpower3", tmp_path, "--fault", "stall@1.5+0.6") as bench:
        with monitor(bench) as m, m.window("train") as w:
            time.sleep(2.5)
    assert w.energy_J is None and 0.5 < w.coverage < 1
    assert "meter bench covers" in w.reason


def test_the_program_goes_on_when_the_recorder_dies(tmp_path, caplog):
    with emulated("smartpower3", tmp_path) as bench, monitor(bench) as m:
        with m.window("before") as before:
            time.sleep(0.5)
        assert before.energy_J > 0
        os.kill(children(os.getpid())["harness.recorder"], signal.SIGKILL)
        with m.window("after") as after:
            time.sleep(0.5)
    assert after.energy_J is None and "killed by signal 9" in after.reason
    assert "killed by signal 9" in caplog.text and before.energy_J > 0


def test_a_folder_keeps_traces_and_windows_of_each_monitor(tmp_path):
    out = tmp_path / "kept"
    for attempt in (1, 2):
        with emulated("smartpower3", tmp_path) as bench, monitor(bench, out=out) as m:
            with m.window("train", epoch=3):
                time.sleep(0.4)
        trace = Trace.open(out / "power" / "bench.{}.arrow".format(attempt))
        begin, end = [
            line for line in read_log(out / "events.jsonl") if line.get("phase") and line["attempt"] == attempt
        ]
        assert (begin["phase"], begin["epoch"], end["event"]) == ("train", 3, "end")
        assert trace.energy_J(begin["t_ns"], end["t_ns"]) == m.windows[0].energy_J


def test_what_is_not_kept_goes_with_the_monitor(tmp_path):
    program = UNTOUCHED + "\nprint(m._rep.folder)"
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", program]
    done = subprocess.run(command, cwd=str(ROOT), stdout=subprocess.PIPE, universal_newlines=True, check=True)
    assert not os.path.exists(done.stdout.strip())


def test_what_cannot_be_monitored_is_refused():
    with pytest.raises(UserError, match="Monitor needs a meter"):
        harness.Monitor([])
    with pytest.raises(MeterError, match="no meter 'smartpower'.*did you mean smartpower3"):
        harness.Monitor(["smartpower:port=x"])
    with pytest.raises(UserError, match="there is no port /dev/ttyUSB99"):
        harness.Monitor("smartpower3:port=/dev/ttyUSB99").__enter__()
