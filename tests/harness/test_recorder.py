"""The recorder with real drivers at emulated meters: what was drawn is in the trace, whatever happens to the meter."""

import time

import numpy as np
import pytest

from meters.clock import host_clock
from meters.trace import Trace
from meters.trace_format import FLAG_AFTER_GAP, FLAG_NOT_AVAILABLE
from tests.harness.recorder_process import RecorderProcess
from tests.meters.bench import emulated
from tests.meters.imitated import extract

MS = 10**6
SECOND = 10**9
LOOK_NS = 500 * MS  # the gap is told when the recorder looks, several times a second, on a machine that may be busy


def truth_J(log, start_ns, stop_ns):
    """The emulator's own joules of a window, between its own samples."""
    times = [line["sample_ns"] for line in log]
    joules = [line["joules"] for line in log]
    low, high = np.interp([start_ns, stop_ns], times, joules)
    return high - low


@pytest.mark.parametrize("profile", ["const:7.5", "sine", "steps"])
def test_the_joules_of_a_trace_are_those_that_were_drawn(tmp_path, profile):
    with emulated("smartpower3", tmp_path, "--profile", profile) as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            (ready,) = recorder.until("ready")
            time.sleep(0.2)
            start_ns = recorder.sync()
            time.sleep(3.5)
            stop_ns = recorder.sync()
            time.sleep(0.2)
            statistics = recorder.stop()["bench"]
        log = bench.log()
    trace = Trace.open(recorder.trace("bench"))
    assert trace.energy_J(start_ns, stop_ns) == pytest.approx(truth_J(log, start_ns, stop_ns), rel=0.005)
    assert trace.coverage(start_ns, stop_ns) == 1.0 and trace.gaps() == []
    assert (ready["kind"], ready["period_s"], ready["total"], ready["simulated"]) == (
        "smartpower3",
        0.01,
        ["out1"],
        True,
    )
    assert trace.clock == host_clock() and trace.simulated and trace.meta["attempt"] == 1
    assert statistics["samples"] == len(trace.t_ns) and statistics["achieved_Hz"] == pytest.approx(100, rel=0.02)
    assert (statistics["missed"], statistics["gaps"], statistics["resynchronisations"]) == (0, 0, 0)
    assert 5 <= recorder.said("watts")[0]["bench"] <= 13


def test_every_sample_is_dated_when_it_was_taken(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "sine") as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            time.sleep(3)
            recorder.stop()
        taken = {line["device_ms"]: line["sample_ns"] for line in bench.log()}
    trace = Trace.open(recorder.trace("bench"))
    errors = [t - taken[device // MS] for t, device in zip(trace.t_ns.tolist(), trace.column("device_ns").tolist())]
    assert -MS <= min(errors) and max(errors) <= 8 * MS


def test_unplugged_and_plugged_in_again_is_a_gap(tmp_path):
    link = str(tmp_path / "ttyUSB0")
    with emulated("smartpower3", tmp_path, "--link", link, "--fault", "unplug@1.2+0.9") as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + link) as recorder:
            recorder.until("ready")
            gap = recorder.until("gap")
            time.sleep(0.5)
            recorder.sync()
            statistics = recorder.stop()["bench"]
        assert bench.port == link
    trace = Trace.open(recorder.trace("bench"))
    ((start_ns, stop_ns),) = trace.gaps()
    assert 0.9 <= (stop_ns - start_ns) / SECOND < 10.0
    assert statistics["silent_at_end_s"] == 0
    assert (
        gap["meter"] == "bench"
        and abs(gap["start_ns"] - start_ns) < LOOK_NS
        and abs(gap["stop_ns"] - stop_ns) < LOOK_NS
    )
    assert "meter bench: {} is gone".format(link) in recorder.said("warning")[0]
    (first_after,) = np.flatnonzero(trace.flags & FLAG_AFTER_GAP)
    assert trace.t_ns[first_after] == stop_ns
    assert np.unique(trace.segment).tolist() == [0, 1] and statistics["gaps"] == 1
    with pytest.raises(ValueError, match="there are no samples for"):
        trace.energy_J(int(trace.t_ns[0]), int(trace.t_ns[-1]))
    assert trace.energy_J(stop_ns, int(trace.t_ns[-1])) > 0


def test_a_meter_that_stays_away_ends_the_recording(tmp_path):
    link = str(tmp_path / "ttyUSB0")
    with emulated("smartpower3", tmp_path, "--link", link, "--fault", "unplug@1.0+60") as bench:
        port = "smartpower3:name=bench,port=" + bench.port
        with RecorderProcess(tmp_path / "power", port, give_up_s=1.0) as recorder:
            recorder.until("ready")
            assert "meter bench: it has been away for more than 1 s: there is no port" in recorder.failure()
    trace = Trace.open(recorder.trace("bench"))
    assert 0.2 < (trace.t_ns[-1] - trace.t_ns[0]) / SECOND < 1.1, "what was read is kept"


def test_a_meter_that_is_away_when_the_recording_ends_is_told(tmp_path):
    """No row comes behind, so no gap between rows tells of it."""
    with emulated("smartpower3", tmp_path, "--fault", "unplug@1.0+60") as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            recorder.until("warning")
            time.sleep(1.0)
            silent_s = recorder.stop()["bench"]["silent_at_end_s"]
    assert 1.0 < silent_s < 5.0
    sentence = "meter bench delivered nothing for the last {:.1f} s of the recording".format(silent_s)
    assert recorder.said("warning")[-1] == sentence
    assert Trace.open(recorder.trace("bench")).meta["statistics"]["silent_at_end_s"] == silent_s


def test_a_meter_that_stalls_delays_no_other(tmp_path):
    slow, good = tmp_path / "a", tmp_path / "b"
    slow.mkdir(), good.mkdir()
    with emulated("smartpower3", slow, "--fault", "stall@0.8+1.5") as one, emulated("smartpower3", good) as other:
        specs = ["smartpower3:name={},port={}".format(*pair) for pair in (("slow", one.port), ("good", other.port))]
        with RecorderProcess(tmp_path / "power", *specs) as recorder:
            recorder.until("ready")
            longest_s = 0.0
            for _ in range(8):
                begin = time.monotonic()
                recorder.sync()
                longest_s = max(longest_s, time.monotonic() - begin)
                time.sleep(0.25)
            assert recorder.said("gap") or recorder.until("gap")
            statistics = recorder.stop()
    assert longest_s < 1.0
    assert statistics["slow"]["gaps"] == 1 and statistics["slow"]["missed"] >= 145
    assert (statistics["good"]["gaps"], statistics["good"]["missed"]) == (0, 0)


def test_garbage_is_counted_and_the_rest_is_kept(tmp_path):
    with emulated("smartpower3", tmp_path, "--fault", "garbage@1.0+0.03", "--fault", "checksum@1.3") as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            time.sleep(1.5)
            statistics = recorder.stop()["bench"]
    assert 1 <= statistics["resynchronisations"] <= 4 and statistics["missed"] <= 8 and statistics["gaps"] <= 1


def test_a_silent_port_is_an_error_that_names_it(tmp_path):
    with emulated("smartpower3", tmp_path, "--fault", "stall@0+60") as bench:
        with RecorderProcess(tmp_path / "power", "smartpower3:name=bench,port=" + bench.port) as recorder:
            error = recorder.failure()
    assert "meter bench: nothing came from {} at 115200 baud in 5 s: is logging".format(bench.port) in error


def test_the_rate_at_which_a_sensor_refreshes_is_found_whatever_it_is_read_at(tmp_path):
    """A TC66 has ten new values a second; asked 50 times a second it repeats itself, and that is marked."""
    with emulated("tc66", tmp_path, "--profile", "sine") as bench:
        with RecorderProcess(tmp_path / "power", "tc66:name=bench,port=" + bench.port) as recorder:
            recorder.until("ready")
            time.sleep(3.0)
            statistics = recorder.stop()["bench"]
    assert statistics["refresh_s"] == {"usb": pytest.approx(0.1, rel=0.1)}


def _whole_input(root):
    """The node of an imitated TX2 that tells the power of its whole input."""
    (label,) = [path for path in root.glob("sys/**/rail_name_0") if "VDD_IN" in path.read_text()]
    return label.parent / "in_power0_input"


def test_a_rail_that_disappears_is_told_once_and_is_a_gap_until_it_is_back(tmp_path):
    root = extract("TX2-R32-idle", tmp_path)
    power = _whole_input(root)
    with RecorderProcess(tmp_path / "power", "ina3221:name=board,rate=50,root={}".format(root)) as recorder:
        recorder.until("ready")
        time.sleep(0.5)
        power.rename(tmp_path / "away")
        warning = recorder.until("warning")
        time.sleep(1.0)
        (tmp_path / "away").rename(power)
        gap = recorder.until("gap")
        time.sleep(0.5)
        statistics = recorder.stop()["board"]
    assert "in_power0_input can no longer be read (No such file or directory): the rail has disappeared" in warning
    assert len(recorder.said("warning")) == 1
    assert statistics["gaps"] == 1 and gap["meter"] == "board" and gap["stop_ns"] - gap["start_ns"] > 10**9
    assert Trace.open(recorder.trace("board")).gaps() == [(gap["start_ns"], gap["stop_ns"])]


def test_a_rail_that_is_switched_off_is_told_and_marked(tmp_path):
    """Its driver has no number then; the other rails go on, and the whole input has no sample without it."""
    root = extract("TX2-R32-idle", tmp_path)
    power = _whole_input(root)
    with RecorderProcess(tmp_path / "power", "ina3221:name=board,rate=50,root={}".format(root)) as recorder:
        recorder.until("ready")
        time.sleep(0.5)
        before = power.read_text()
        power.write_text("")
        warning = recorder.until("warning")
        power.write_text(before)
        time.sleep(0.5)
        statistics = recorder.stop()["board"]
    assert warning == "meter board: VDD_IN has no value: is its rail switched off, or its range exceeded?"
    trace = Trace.open(recorder.trace("board"))
    marked = (trace.flags & FLAG_NOT_AVAILABLE) != 0
    assert statistics["not_available"] == marked.sum() > 0
    assert np.isnan(trace.power_W()[marked]).all() and not np.isnan(trace.power_W()[~marked]).any()
    assert not np.isnan(trace.power_W("VDD_SYS_GPU")).any()
