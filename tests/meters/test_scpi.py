"""SCPI power analysers: replies of real ones, fixed settings in front of them, and no old reply taken for a new one."""

import contextlib
import os
import socket
import threading
import tty

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.links import TcpLink, UsbtmcLink
from meters.scpi import Meter, decode
from meters.scpi_decode import quantity
from tests.meters.bench import emulated, read_for
from tests.meters.vectors import VECTORS, frame, vectors

VARIANTS = ("yokogawa", "gwinstek", "hioki")
REPLY = b"81.13E+00,198.36E+00,409.00E-03,1.0000E+00,36.0E+00\n"


@pytest.mark.parametrize("vector", vectors("scpi_numeric"), ids=lambda vector: vector["id"])
@pytest.mark.parametrize("variant", ["yokogawa", "gwinstek"])
def test_lists_of_real_analysers(vector, variant):
    reading = decode(frame(vector), variant=variant, items=vector["args"])
    assert reading == {quantity(item): value for item, value in vector["expect"].items()}


def test_named_values_of_a_real_analyser():
    (vector,) = vectors("hioki")
    expected = {"voltage_V": 110.14, "current_A": 0.0, "power_W": 0.0, "energy_Wh": 0.0}
    assert decode(frame(vector), variant="hioki") == expected
    assert decode(frame(vector), variant="hioki", items=["U", "I", "P", "WH"]) == expected
    with pytest.raises(MeterError, match="other values than U, I, P"):
        decode(frame(vector), variant="hioki", items=["U", "I", "P"])


def test_every_exponent_counts():
    assert decode(b"I +1.5000E-3;P +2.0E+3", variant="hioki") == {"current_A": 0.0015, "power_W": 2000.0}


@pytest.mark.parametrize("text", [b"NAN", b"INF", b"-INF", b"9.91E37", b"9.9E+37", b"1E999"])
def test_no_number_is_not_available_and_never_0(text):
    assert decode(text, items=["WH"]) == {"energy_Wh": None}


def test_items_of_a_second_element_and_unknown_ones():
    assert decode(b"1,2", items=["P", "URMS2"]) == {"power_W": 1.0, "element2_voltage_V": 2.0}
    for items in (["P", "XYZ"], ["U", "URMS"]):
        with pytest.raises(MeterError, match="unknown|same quantity"):
            decode(b"1,2", items=items)


@pytest.mark.parametrize(
    "reply", [b"1.000E+00;1;300.0E+00;1", REPLY[:-10], REPLY + REPLY, b"", b"1,2,3,4,x", b"1" * 5000]
)
def test_an_old_or_damaged_reply_is_refused(reply):
    with pytest.raises(MeterError):
        decode(reply)


@given(st.binary(max_size=80), st.sampled_from(VARIANTS))
def test_any_bytes_give_a_reading_or_a_meter_error(data, variant):
    try:
        decode(data, variant=variant)
    except MeterError:
        pass


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_dialect_reads_its_emulated_analyser(variant, tmp_path):
    with emulated("scpi", tmp_path, "--variant", variant, "--profile", "const:12.5") as bench:
        with Meter(port=bench.port, variant=variant) as meter:
            meter.period_s = 0.1
            rows = [dict(zip(meter.columns, sample.values)) for sample in read_for(meter, 1.5)]
            assert meter.simulated and variant[:4].upper() in meter.identity()["instrument"].upper()
    assert len(rows) > 3 and rows[-1]["in_power_W"] == 12.5
    assert rows[-1]["in_voltage_V"] == 19.0 and rows[-1]["in_current_A"] == pytest.approx(0.6579, abs=1e-4)
    if variant == "yokogawa":
        assert rows[-1]["integration_s"] > rows[0]["integration_s"]
        assert rows[-1]["energy_Wh"] == pytest.approx(12.5 * rows[-1]["integration_s"] / 3600, rel=1e-3)


def test_another_instrument_at_the_port(tmp_path):
    with emulated("scpi", tmp_path, "--variant", "gwinstek") as bench:
        with pytest.raises(MeterError, match="answers 'GWInstek.*no yokogawa analyser.*another variant"):
            Meter(port=bench.port).open()


class Analyser(threading.Thread):
    """A WT310 behind a pair of file descriptors or a socket, that keeps what it is told."""

    def __init__(self, read, write, error=b'0,"No error"'):
        super().__init__(daemon=True)
        self.told, self._read, self._write = [], read, write
        self._replies = {b"*IDN?": b"YOKOGAWA,WT310,1,F1", b":STAT:ERR?": error, b":NUM:NORM:VAL?": REPLY.strip()}
        self.start()

    def run(self):
        rest = b""
        with contextlib.suppress(OSError):  # the end of a pty or a socket whose other side has gone
            for data in iter(lambda: self._read(4096), b""):
                *commands, rest = (rest + data).split(b"\n")
                self.told += commands
                for command in filter(self._replies.__contains__, commands):
                    self._write(self._replies[command] + b"\n")


@pytest.fixture
def pty():
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)


def test_settings_come_before_the_first_reading_and_the_panel_is_given_back(pty):
    master, path = pty
    analyser = Analyser(lambda n: os.read(master, n), lambda data: os.write(master, data))
    with Meter(port=path, range_V=30, range_A=1, update_s=0.1) as meter:
        assert meter.samples()[0].values == (81.13, 198.36, 0.409, 1.0, 36.0)
        assert meter.identity()["ranges"] == "30 V, 1 A"
    analyser.join(0.2)
    os.close(master)
    for command in (
        b":INP:MODE DC",
        b":INP:VOLT:AUTO OFF",
        b":INP:VOLT:RANG 30V",
        b":INP:CURR:RANG 1A",
        b":RATE 100MS",
    ):
        assert command in analyser.told
    assert analyser.told.index(b":NUM:NORM:ITEM1 P,1") < analyser.told.index(b":INTEG:STAR")
    assert analyser.told[-2:] == [b":INTEG:STOP", b":COMM:REM OFF"]


def test_a_setting_that_is_refused(pty):
    master, path = pty
    Analyser(lambda n: os.read(master, n), lambda data: os.write(master, data), error=b'222,"Data out of range"')
    with pytest.raises(MeterError, match="refuses a setting: 222"):
        Meter(port=path, range_V=12345).open()
    os.close(master)


def test_over_tcp():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    meter = Meter(port=f"tcp:127.0.0.1:{server.getsockname()[1]}")
    opening = threading.Thread(target=meter.open)
    opening.start()
    connection, _ = server.accept()
    Analyser(connection.recv, connection.sendall)
    opening.join(10)
    assert meter.samples()[0].values[0] == 81.13 and meter.simulated
    connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(MeterError, match="tcp:127.0.0.1"):
        meter.samples()
    meter.close()
    connection.close()
    server.close()


@pytest.mark.parametrize("port", ["tcp:somewhere", "tcp::1", "tcp:127.0.0.1:x", "tcp:127.0.0.1:1"])
def test_nothing_there_over_tcp(port):
    with pytest.raises(MeterError, match=port):
        TcpLink(port)


def test_a_usbtmc_file_is_written_and_read_plainly(pty):
    master, path = pty
    link = UsbtmcLink(path)
    Analyser(lambda n: os.read(master, n), lambda data: os.write(master, data))
    link.write(b"*IDN?\n")
    assert link.read_line(2.0) == b"YOKOGAWA,WT310,1,F1\n"
    with pytest.raises(MeterError, match="no USBTMC instrument"):
        link.drain()
    assert link.identity() == {"port": path}
    link.close()
    os.close(master)
    with pytest.raises(MeterError, match="cannot be opened.*udev rule"):
        Meter(port="/dev/usbtmc99").open()


@pytest.mark.parametrize(
    "options",
    [
        {"variant": "fluke"},
        {"mode": "peak"},
        {"boundary": "usb"},
        {"update_s": 0.3},
        {"range_V": -30.0},
        {"variant": "hioki", "range_A": 1.0},
    ],
)
def test_options_that_no_analyser_has(options):
    with pytest.raises(MeterError, match="scpi: "):
        Meter(port="unused", **options)


def test_accuracy_is_stated_where_the_ranges_are_fixed():
    assert Meter(port="unused").channels[0].gain_error is None
    (dc,) = Meter(port="unused", range_V=30.0, range_A=1.0).channels
    (ac,) = Meter(port="unused", mode="rms", range_V=300.0, range_A=0.5).channels
    assert (dc.boundary, dc.gain_error, dc.offset_error_W) == ("dc_input", 0.001, 0.06)
    assert (ac.boundary, ac.gain_error, ac.offset_error_W) == ("ac_wall", 0.001, 0.15)


def test_identities_of_real_instruments_are_those_looked_for():
    names = [vector["frame"] for vector in VECTORS if vector["id"].endswith("-idn")]
    assert sorted(name.split(",")[0] for name in names) == ["GWInstek", "YOKOGAWA"]
