"""The emulated board: what it draws, what it tells, how it misbehaves, and that its log is the truth."""

import json
import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.emulators.__main__ import emulated as kinds
from meters.emulators.faults import Fault, Faults, parse_fault
from meters.emulators.profiles import CpuLoad, profile
from meters.emulators.truth import Truth
from meters.errors import MeterError
from meters.smartpower3 import FRAME_BYTES, Meter, decode
from tests.meters.bench import REPOSITORY, emulated, read_for

SECOND = 10**9


def run(*arguments):
    """What the emulators' command line prints to stderr, and its status."""
    command = [sys.executable, "-m", "meters.emulators", *arguments]
    done = subprocess.run(
        command, cwd=str(REPOSITORY), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return done.returncode, done.stderr.decode()


def test_constant_and_sine():
    assert profile("const:7.5")(3.0) == 7.5
    assert [round(profile("sine")(t), 9) for t in (0, 1, 2, 3, 4)] == [9, 13, 9, 5, 9]


def test_steps_repeat():
    watts = profile("steps")
    assert [watts(t) for t in (0, 2.9, 3, 5.9, 6, 7.9, 8, 11)] == [5, 5, 12, 12, 8, 8, 5, 12]


def test_a_file_is_interpolated_and_its_ends_are_held(tmp_path):
    path = tmp_path / "profile.csv"
    path.write_text("0,4\n2,8\n3,2\n")
    watts = profile("file:{}".format(path))
    assert [watts(t) for t in (-1, 0, 1, 2, 2.5, 3, 99)] == [4, 4, 6, 8, 5, 2, 2]


def test_the_processors_set_the_watts_of_cpu():
    watts = profile("cpu")
    assert 4.0 <= watts(0.0) <= 15.0 and 4.0 <= watts(0.3) <= 15.0


def test_load_is_taken_over_a_quarter_of_a_second(monkeypatch):
    ticks = iter([(0, 0), (10, 10), (10, 20), (10, 30), (10, 40)])
    monkeypatch.setattr("meters.emulators.profiles._jiffies", lambda: next(ticks))
    load = CpuLoad()
    assert [load.update(t) for t in (0.0, 0.1, 0.2, 0.3, 0.6)] == [0.0, 1.0, 0.5, pytest.approx(1 / 3), 0.0]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("square", "no profile 'square'; there are: const:W, sine, steps, cpu, file:PATH"),
        ("const:much", "needs watts, as in const:7.5"),
        ("file:/nowhere", "needs lines `seconds,watts`"),
    ],
)
def test_profiles_that_are_none(text, sentence):
    with pytest.raises(MeterError, match=sentence):
        profile(text)


def test_a_file_whose_seconds_do_not_increase(tmp_path):
    path = tmp_path / "profile.csv"
    path.write_text("0,4\n0,8\n")
    with pytest.raises(MeterError, match="the seconds must increase"):
        profile("file:{}".format(path))


def test_the_truth_is_integrated_linearly_and_never_above_the_limit():
    truth = Truth(lambda t: 10 * t, 25.0, 5 * SECOND)
    assert truth.sample(7 * SECOND).joules == 20.0
    moment = truth.sample(8 * SECOND)
    assert (moment.watts, moment.joules, moment.mean_watts) == (25.0, 42.5, 22.5)
    assert moment.device_ms == 3000
    truth.reset_clock(8 * SECOND)
    assert truth.sample(9 * SECOND).device_ms == 1000


def test_faults_are_on_in_their_time_and_those_of_one_frame_once():
    faults = Faults([parse_fault(text) for text in ("stall@2+1.5", "garbage@1", "unplug@5")])
    assert [faults.at(t) for t in (0.9, 1.2, 1.3, 2.0, 3.4, 3.5, 5.0, 5.9, 6.0)] == [
        [], ["garbage"], [], ["stall"], ["stall"], [], ["unplug"], ["unplug"], [],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["melt@1", "stall", "stall@x", "stall@-1", "@1", "stall@1+"])
def test_faults_that_are_none(text):
    with pytest.raises(
        MeterError, match=r"not KIND@SECONDS\[\+DURATION\]; there are: partial, garbage, checksum, stall"
    ):
        parse_fault(text)


@given(st.sampled_from(["partial", "stall"]), st.integers(0, 10**4), st.integers(1, 10**4))
def test_a_fault_is_what_was_written(kind, start, duration):
    assert parse_fault("{}@{}+{}".format(kind, start / 8, duration / 8)) == Fault(kind, start / 8, duration / 8)


def test_the_command_line_names_what_there_is():
    assert {"smartpower3", "wattsup"} <= set(kinds())
    status, stderr = run("smartpower")
    assert status == 2 and "no emulator of 'smartpower'; there are: " in stderr
    status, stderr = run("smartpower3", "--profile", "x")
    assert status == 2 and stderr.startswith("error: no profile 'x'")
    status, stderr = run("smartpower3", "--variant", "x")
    assert status == 2 and stderr.startswith("error: the emulator of smartpower3 has no variants")
    assert run("smartpower3", "--profile", "const:1") == (0, ""), "stdin has ended: so does the emulator"


def test_sigterm_ends_it_and_takes_the_link_away(tmp_path):
    link = tmp_path / "port"
    command = [sys.executable, "-m", "meters.emulators", "smartpower3", "--profile", "const:1", "--link", str(link)]
    child = subprocess.Popen(command, cwd=str(REPOSITORY), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert json.loads(child.stdout.readline().decode()) == {"port": str(link)}
    assert os.path.realpath(str(link)).startswith("/dev/pts/")
    child.terminate()
    assert child.wait(10) == 0 and not link.is_symlink()
    child.stdin.close(), child.stdout.close()


def test_every_logged_frame_arrives_and_tells_the_logged_watts(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "sine") as bench:
        with Meter(bench.port) as meter:
            samples = read_for(meter, 1.5)
        log = {line["device_ms"]: line for line in bench.log()}
    read = {sample.device_ns // 10**6: sample.values[3] for sample in samples}
    assert len(read) >= 140
    for device_ms, watts in read.items():
        assert watts == pytest.approx(log[device_ms]["watts"], abs=0.00051)
    assert set(read) == {device_ms for device_ms in log if min(read) <= device_ms <= max(read)}


def test_the_joules_of_the_log_are_those_of_the_profile(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "sine") as bench:
        with Meter(bench.port) as meter:
            read_for(meter, 1.0)
        first, *_, last = bench.log()

    def integral(t_s):
        return 9 * t_s - 4 * 4 / (2 * math.pi) * (math.cos(2 * math.pi * t_s / 4) - 1)

    times = [line["device_ms"] / 1000 for line in (first, last)]
    assert last["joules"] - first["joules"] == pytest.approx(integral(times[1]) - integral(times[0]), rel=1e-3)
    assert last["t_ns"] - last["sample_ns"] >= 10 * FRAME_BYTES / 115200 * SECOND, "a frame takes its time on the line"


def test_nobody_listening_is_no_frame_sent(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "const:5") as bench:
        with Meter(bench.port):
            pass
        n = len(bench.log())
        with Meter(bench.port) as meter:
            samples = read_for(meter, 0.2)
        assert samples[0].device_ns // 10**6 > bench.log()[n - 1]["device_ms"]


@pytest.mark.parametrize("fault, seen", [("partial", 1), ("checksum", 1), ("garbage", 1), ("stall", 0)])
def test_damage_on_the_line_costs_two_frames_at_most(tmp_path, fault, seen):
    with emulated("smartpower3", tmp_path, "--profile", "const:5", "--fault", fault + "@0.8+0.05") as bench:
        with Meter(bench.port) as meter:
            samples = read_for(meter, 1.4)
    steps = [(b.device_ns - a.device_ns) // 10**6 for a, b in zip(samples, samples[1:])]
    lost = sum(steps) // 10 - len(steps)
    assert (meter.resynchronisations > 0) == bool(seen)
    assert (0 if fault == "garbage" else 4) <= lost <= 7, "it lasts for five frames"
    assert set(steps[-20:]) == {10}
    assert {sample.values[3] for sample in samples} == {5.0}


def test_a_reset_clock_starts_anew(tmp_path):
    with emulated("smartpower3", tmp_path, "--fault", "reset@0.8") as bench:
        with Meter(bench.port) as meter:
            times = [sample.device_ns // 10**6 for sample in read_for(meter, 1.2)]
    back = times.index(0)
    assert times[:back] == sorted(times[:back]) and times[back - 1] >= 700 and times[back:] == sorted(times[back:])


def test_an_unplugged_meter_is_gone_and_comes_back_behind_the_same_link(tmp_path):
    link = str(tmp_path / "ttyUSB0")
    with emulated("smartpower3", tmp_path, "--link", link, "--fault", "unplug@0.5+0.5") as bench:
        assert bench.port == link
        with Meter(link) as meter:
            with pytest.raises(MeterError, match="is gone: .*was it unplugged"):
                read_for(meter, 2.0)
            assert not os.path.lexists(link)
        with pytest.raises(MeterError, match="there is no port"):
            meter.open()
        while not os.path.lexists(link):
            pass
        with meter:
            assert read_for(meter, 0.3)


def test_a_spoilt_frame_is_only_spoilt_in_its_checks():
    from meters.emulators.smartpower3 import Emulator, frame

    good = frame(10, 5.0)
    spoilt = Emulator().spoilt(good)
    assert spoilt[:74] == good[:74] and len(spoilt) == len(good)
    with pytest.raises(MeterError, match="wrong checks"):
        decode(spoilt)
