"""Meters that talk on their own: what happens when they do not, or when nobody understands them."""

import os
import threading
import time
import tty

import pytest

from meters import framed
from meters.base import Channel
from meters.errors import MeterError
from meters.framed import Framed
from meters.spec import MeterSpec
from tests.meters.bench import emulated, read_for


class Toy(Framed):
    """Lines of milliwatts."""

    channels = (Channel("in", "dc_input"),)
    columns = ("in_power_W",)
    when_silent = "is it switched on?"

    def __init__(self, port):
        self.port = port

    @staticmethod
    def decode(frame):
        if not frame.strip().isdigit():
            raise MeterError("no number")
        return {"in_power_W": int(frame) / 1000}


class Commanded(Toy):
    def start(self, port):
        port.write(b"go\n")


@pytest.fixture
def device():
    end, port = os.openpty()
    tty.setraw(end)
    tty.setraw(port)
    yield end, os.ttyname(port)
    os.close(port)
    try:
        os.close(end)
    except OSError:
        pass


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(framed, "_FIRST_FRAME_S", 0.3)


def say_later(end, data):
    thread = threading.Thread(target=lambda: (time.sleep(0.05), os.write(end, data)))
    thread.start()
    return thread


def test_open_waits_for_the_first_frame_and_keeps_it(device):
    thread = say_later(device[0], b"1500\n")
    with Toy(device[1]) as meter:
        thread.join()
        assert [sample.values for sample in meter.samples()] == [(1.5,)]
        assert meter.samples() == []


def test_a_silent_port_is_named_with_the_likely_cause(device, impatient):
    with pytest.raises(MeterError, match="nothing came from {} at 115200 baud .*: is it switched on".format(device[1])):
        Toy(device[1]).open()
    Toy(device[1]).close()


def test_bytes_that_are_no_frame_point_to_the_baud_rate(device, impatient):
    thread = say_later(device[0], b"\xf0\x0f\n" * 5)
    with pytest.raises(MeterError, match="15 bytes but no valid frame came from .*: another baud rate or another"):
        Toy(device[1]).open()
    thread.join()


def test_a_port_is_let_go_when_opening_fails(device, impatient):
    for _ in range(2):
        with pytest.raises(MeterError, match="nothing came"):
            Toy(device[1]).open()


def test_a_device_that_must_be_asked_is_asked_first(device):
    def answer():
        if os.read(device[0], 100) == b"go\n":
            os.write(device[0], b"2500\n")

    thread = threading.Thread(target=answer)
    thread.start()
    with Commanded(device[1]) as meter:
        assert [sample.values for sample in meter.samples()] == [(2.5,)]
    thread.join()


def test_a_meter_that_is_not_open_says_so():
    with pytest.raises(MeterError, match="/dev/x is not open"):
        Toy("/dev/x").samples()
    assert Toy("/dev/x").identity() == {}


def test_garbage_without_an_end_does_not_fill_the_memory():
    meter = Toy("/dev/x")
    for now in range(1, 100):
        meter.feed(b"\x00" * 1000, now)
    assert len(meter._rest) <= 4096
    assert [sample.values for sample in meter.feed(b"\n7\n", 10**9)] == [(0.007,)]


def test_lines_that_waited_for_a_late_look_lie_one_period_apart(tmp_path):
    """Without a clock of the device: no gap where only the computer was busy."""
    options = ",format=kv,columns=V:V+A:A+W:W,checksum=none"
    with emulated("line", tmp_path, "--variant", "kv") as bench:
        with MeterSpec.parse("line:port={}{}".format(bench.port, options)).create() as meter:
            read_for(meter, 0.1)
            time.sleep(0.3)
            samples = meter.samples()
            assert meter.period_s == pytest.approx(0.01, rel=0.05)
    steps = [after.t_ns - before.t_ns for before, after in zip(samples, samples[1:])]
    assert len(samples) >= 20 and steps == pytest.approx([1e9 * meter.period_s] * len(steps), rel=0.01)


def test_a_slow_meter_is_looked_at_just_behind_a_new_value(tmp_path):
    """However late it was opened; its emulator has a new value each half a second."""
    ages = []
    for pause_s in (0.0, 0.13):
        with emulated("um", tmp_path, "--profile", "sine", "--baud", "115200") as bench:
            time.sleep(pause_s)
            with MeterSpec.parse("um:port=" + bench.port).create() as meter:
                (sample,) = meter.samples()
            shown = [line for line in bench.log() if line["t_ns"] >= sample.t_ns][0]
        ages.append((sample.t_ns - shown["sample_ns"]) / 1e9)
    assert all(0.0 <= age < 0.25 for age in ages)
