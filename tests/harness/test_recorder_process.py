"""The recorder process: what it is told, what it says, and how it ends without losing what it has confirmed."""

import json
import os
import resource
import signal
import time

import pytest

from harness.errors import UserError
from harness.recording import scheduling
from meters.trace import Trace
from tests.harness.recorder_process import RecorderProcess
from tests.meters.bench import emulated

MS = 10**6


def test_what_was_confirmed_survives_kill_9(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "sine") as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            for pause_s in (0.3, 0.05, 0.4, 0.001, 0.2):
                time.sleep(pause_s)
                synced_ns = recorder.sync()
            os.kill(recorder.child.pid, signal.SIGKILL)
            recorder.child.wait()
        log = bench.log()
    trace = Trace.open(recorder.trace("bench"))
    found = {device // MS: watts for device, watts in zip(trace.column("device_ns"), trace.power_W())}
    promised = [line for line in log if line["t_ns"] <= synced_ns and line["device_ms"] >= min(found)]
    assert len(promised) > 80
    for line in promised:
        assert found[line["device_ms"]] == pytest.approx(line["watts"], abs=0.00051)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ("interval_ms=5", "smartpower3: 115200 baud cannot carry a frame every 5 ms"),
        ("baud=9600", "meter smartpower3: there is no port /dev/ttyUSB99"),
    ],
)
def test_what_cannot_be_recorded_is_refused(tmp_path, options, sentence):
    with RecorderProcess(tmp_path / "power", "smartpower3:port=/dev/ttyUSB99," + options) as recorder:
        assert sentence in recorder.failure()
    assert list((tmp_path / "power").glob("*")) == []


def test_a_disk_that_takes_no_more_ends_the_recording_and_loses_nothing_confirmed(tmp_path):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    with emulated("smartpower3", tmp_path) as bench:
        specs = ["smartpower3:name=bench,port=" + bench.port]
        with RecorderProcess(tmp_path / "power", *specs, batch_s=0.1, preexec_fn=small_files) as recorder:
            recorder.until("ready")
            synced_ns = recorder.sync()
            assert "the trace cannot be written: File too large" in recorder.failure()
    trace = Trace.open(recorder.trace("bench"))
    assert trace.t_ns[-1] > synced_ns - 20 * MS


def test_an_attempt_is_recorded_once(tmp_path):
    (tmp_path / "power").mkdir()
    (tmp_path / "power" / "bench.1.arrow").write_bytes(b"precious")
    with emulated("smartpower3", tmp_path) as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            assert "the trace cannot be written: File exists" in recorder.failure()
    assert (tmp_path / "power" / "bench.1.arrow").read_bytes() == b"precious"


def test_what_a_killed_recorder_left_of_its_closing_is_removed(tmp_path):
    (tmp_path / "power").mkdir()
    left = tmp_path / "power" / "bench.0.arrow.tmp"
    left.write_bytes(b"half")
    with emulated("smartpower3", tmp_path) as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            recorder.stop()
    assert not left.exists()


@pytest.mark.parametrize("way", ["end of stdin", "SIGTERM"])
def test_only_its_parent_ends_it_and_always_cleanly(tmp_path, way):
    with emulated("smartpower3", tmp_path) as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            recorder.child.send_signal(signal.SIGINT)
            recorder.child.send_signal(signal.SIGHUP)
            recorder.sync()
            if way == "SIGTERM":
                recorder.child.terminate()
            else:
                recorder.child.stdin.close()
            assert recorder.until("closed")["bench"]["samples"] > 0
            assert recorder.child.wait(10) == 0
    assert len(Trace.open(recorder.trace("bench")).t_ns) > 0


def test_a_request_and_what_follows_may_come_at_once(tmp_path):
    with emulated("smartpower3", tmp_path) as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.send(sync=1)
            assert recorder.until("synced") == 1
            assert recorder.said("ready")
            recorder.stop()


def test_messages_are_json_lines_and_memory_is_bounded(tmp_path):
    with emulated("smartpower3", tmp_path) as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            time.sleep(1.2)
            recorder.sync()
            with open("/proc/{}/status".format(recorder.child.pid)) as file:
                peak = next(line for line in file if line.startswith("VmHWM"))
            closed = recorder.stop()
    assert int(peak.split()[1]) <= 120 * 1024
    assert json.loads(json.dumps(closed)) == closed
    assert {
        "samples",
        "missed",
        "stale_repeats",
        "gaps",
        "nonpositive",
        "achieved_Hz",
        "not_available",
        "resynchronisations",
        "silent_at_end_s",
        "refresh_s",
        "cpu_s",
    } | {
        "{}_{}_ms".format(what, which)
        for what in ("jitter", "read", "deadline_error")
        for which in ("p50", "p99", "max")
    } == set(closed["bench"])
    kept = Trace.open(recorder.trace("bench")).meta["statistics"]
    assert {**kept, "cpu_s": closed["bench"]["cpu_s"]} == closed["bench"], "the trace says so too"


def test_real_time_and_processors_are_what_was_asked_for(tmp_path):
    with emulated("smartpower3", tmp_path) as bench:
        spec = "smartpower3:name=bench,port=" + bench.port
        with RecorderProcess(tmp_path / "a", spec, cpus=[0], realtime=True) as recorder:
            found = recorder.until("scheduling")
            if found is None:
                assert "real-time scheduling is not permitted here" in recorder.said("error")[0]
                pytest.skip("this user may not schedule in real time")
            assert found == {"realtime": True, "cpus": [0]}
            recorder.until("ready")
            threads = os.listdir("/proc/{}/task".format(recorder.child.pid))
            assert {os.sched_getscheduler(int(thread)) for thread in threads} == {os.SCHED_FIFO}
            recorder.stop()


def test_processors_that_are_not_there_are_refused(tmp_path):
    with RecorderProcess(tmp_path, "smartpower3:port=/dev/ttyUSB99", cpus=[999]) as recorder:
        assert recorder.failure().startswith("the recorder can't run on processors 999; there are: 0")


def test_real_time_that_is_not_permitted_is_refused_with_the_way_to_it(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with pytest.raises(
        UserError, match="not permitted here .RLIMIT_RTPRIO is .*rtprio 1. in /etc/security/limits.conf"
    ):
        scheduling.apply(True, [])
