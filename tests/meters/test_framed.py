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
