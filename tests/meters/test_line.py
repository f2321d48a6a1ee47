"""Declared lines: any microcontroller's text, understood as declared, and the firmware in this repository."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.line import Meter, decode
from meters.line_format import FORMATS, xor_check
from tests.meters.bench import emulated, read_for
from tests.meters.vectors import frame, vectors

FIRMWARE = Path(__file__).parents[2] / "firmware/ina226_line/ina226_line.ino"
LINE = b"7,1234567,19000.00,657.89,12499.91"
CHECKED = LINE + b"*" + xor_check(LINE) + b"\r\n"


def test_the_line_of_an_edgepowermeter():
    (vector,) = vectors("edgepowermeter")
    reading = decode(frame(vector), columns="-+V+A+W", checksum="none")
    assert reading == {"voltage_V": 12.345, "current_A": 1.234, "power_W": 15.234}


def test_a_line_of_the_firmware_with_its_check():
    assert decode(CHECKED) == {
        "seq": 7.0,
        "device_s": 1.234567,
        "voltage_V": 19.0,
        "current_A": 0.65789,
        "power_W": 12.49991,
    }
    assert decode(CHECKED.lower()) == decode(CHECKED)


@pytest.mark.parametrize("bit", range(0, 8 * len(LINE), 5))
def test_a_flipped_bit_is_seen(bit):
    damaged = bytes(byte ^ (1 << bit % 8 if n == bit // 8 else 0) for n, byte in enumerate(CHECKED))
    with pytest.raises(MeterError):
        decode(damaged)


def test_json_and_key_value_lines_by_field_name():
    json_line = b'{"bus": 5.1, "load": 250, "status": "ok", "hot": null}'
    assert decode(json_line, format="json", columns="bus:V+load:mA+hot:C", checksum="none") == {
        "voltage_V": 5.1,
        "current_A": 0.25,
        "temperature_C": None,
        "power_W": 1.275,
    }
    for text in (b"V=5.1 I=0.25", b"V:5.1, I:0.25, T:30", b"V = 5.1; I = 0.25"):
        assert decode(text, format="kv", columns="V:V+I:A", checksum="none")["power_W"] == 1.275


def test_what_is_not_available_is_none_and_never_0():
    assert decode(b"nan,,", columns="V+A+W", checksum="none") == {"voltage_V": None, "current_A": None, "power_W": None}
    assert decode(b"5,", columns="V+A", checksum="none")["power_W"] is None


@pytest.mark.parametrize(
    "line",
    [b"", b"5.0", b"5.0,1,2", b"5.0,one", b"5.0,1e99", b"5.0,inf", b"5,0x1", b"5,1_0", b"5,\xb2", b"1,1" + b"0" * 1000],
)
def test_csv_that_is_not_as_declared_is_refused(line):
    with pytest.raises(MeterError):
        decode(line, columns="V+A", checksum="none")


@pytest.mark.parametrize(
    "line", [b"", b"[5, 1]", b'{"v": 5}', b'{"v": true, "i": 1}', b'{"v": [1], "i": 1}', b"[" * 900]
)
def test_json_that_is_not_as_declared_is_refused(line):
    with pytest.raises(MeterError):
        decode(line, format="json", columns="v:V+i:A", checksum="none")


@pytest.mark.parametrize("time", ["-1", "", "9e9", "1e300"])
def test_a_device_time_that_cannot_be(time):
    with pytest.raises(MeterError):
        decode(f"{time},5,1".encode(), columns="s+V+A", checksum="none")


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"format": "xml"}, "there are: csv, json, kv"),
        ({"checksum": "crc"}, "there are: none, xor"),
        ({"columns": "V+Amp"}, "unit 'Amp' is unknown; there are: V, mV"),
        ({"columns": "v:V+i:A"}, "takes units alone"),
        ({"columns": "V+A", "format": "json"}, "takes field:unit"),
        ({"columns": "V+mV+W"}, "a quantity twice"),
        ({"columns": "seq+V"}, "no power"),
        ({"boundary": "desk"}, "there are: ac_wall"),
        ({"skip": "["}, "no regular expression"),
    ],
)
def test_declarations_that_make_no_sense(options, sentence):
    with pytest.raises(MeterError, match=sentence):
        Meter(port="unused", **options)


@given(st.binary(max_size=120), st.sampled_from(FORMATS))
def test_any_bytes_give_a_reading_or_a_meter_error(data, form):
    columns = "s+V+A" if form == "csv" else "t:s+v:V+i:A"
    try:
        decode(data, format=form, columns=columns, checksum="none")
    except MeterError:
        pass


def test_lines_that_are_no_measurements_are_skipped_and_lost_ones_counted():
    meter = Meter(port="unused", columns="seq+V+A", checksum="none", skip=r"^(\[INFO\]|===)")
    samples = meter.feed(b"=== meter ===\r\n[INFO] ready, 5 V\r\n\r\n1,5,1\r\n2,5,1\r\n5,5,1\r\n", 10**9)
    assert [sample.values for sample in samples] == [(5.0, 1.0, seq, 5.0) for seq in (1.0, 2.0, 5.0)]
    assert meter.columns == ("line_power_W", "line_current_A", "seq", "line_voltage_V")
    assert (meter.missed, meter.resynchronisations) == (2, 0)


@pytest.mark.parametrize(
    "variant, options",
    [
        ("csv", {}),
        ("json", {"format": "json", "columns": "ms:ms+v:V+i:A", "checksum": "none"}),
        ("kv", {"format": "kv", "columns": "V:V+A:A+W:W", "checksum": "none"}),
    ],
)
def test_an_emulated_microcontroller(variant, options, tmp_path):
    faults = ("--fault", "garbage@1.2", "--fault", "checksum@1.4")
    with emulated("line", tmp_path, "--variant", variant, "--profile", "const:12.5", *faults) as bench:
        with Meter(port=bench.port, **options) as meter:
            samples = read_for(meter, 1.5)
            assert meter.simulated
        sent = bench.log()
    assert {round(sample.values[0], 3) for sample in samples} == {12.5}
    assert meter.period_s == pytest.approx(0.01, rel=0.3 if variant == "kv" else 0.01)
    assert meter.resynchronisations == 2
    if variant != "kv":
        assert {sample.device_ns // 10**6 for sample in samples} <= {line["device_ms"] for line in sent}


def test_a_period_that_cannot_be_told_is_asked_for():
    meter = Meter(port="unused")
    with pytest.raises(MeterError, match="state it, as in period_ms=100"):
        meter.begun(meter.feed(CHECKED, 10**9))
    stated = Meter(port="unused", period_ms=20.0)
    stated.begun(stated.feed(CHECKED, 10**9))
    assert stated.period_s == 0.02


def test_a_period_once_found_out_stays_over_a_reconnection():
    meter = Meter(port="unused", columns="ms+V+A", checksum="none")
    meter.begun(meter.feed(b"".join(b"%d,5,1\n" % (10 * n) for n in range(11)), 10**9))
    meter.begun(meter.feed(b"".join(b"%d,5,1\n" % (11 * n) for n in range(11)), 2 * 10**9))
    assert meter.period_s == 0.01


ARDUINO = r"""
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
static uint32_t clock_us = 4294960000u;  // close to where micros() begins again
static uint32_t micros() { return clock_us; }
static char *dtostrf(double value, signed char width, unsigned char digits, char *text) {
  sprintf(text, "%*.*f", width, digits, value);
  return text;
}
struct {
  void begin(long) {}
  void print(const char *text) { fputs(text, stdout); }
  void println(const char *text) { printf("%s\r\n", text); }
} Serial;
struct {
  uint8_t chosen, next;
  void begin() {}
  void setClock(long) {}
  void beginTransmission(uint8_t) { chosen = 255; }
  void write(uint8_t byte) { if (chosen == 255) chosen = byte; }
  void endTransmission() {}
  uint8_t requestFrom(uint8_t, uint8_t n) { next = 0; return clock_us == 12704 ? 0 : n; }
  int read() {
    uint16_t value = chosen == 1 ? 2632 : 15200;  // 6.58 mV over 10 mOhm, 19 V
    if (chosen == 1 && clock_us == 22704) value = 0x7FFF;
    return next++ ? value & 0xFF : value >> 8;
  }
} Wire;
"""


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_the_firmware_prints_what_the_driver_reads(tmp_path):
    (tmp_path / "Wire.h").write_text(ARDUINO)
    main = (
        f'#include "{FIRMWARE}"\nint main() {{ setup(); for (int n = 0; n < 40; n++) {{ loop(); clock_us += 5000; }} }}'
    )
    (tmp_path / "main.cpp").write_text(main)
    program = tmp_path / "firmware"
    subprocess.run(["c++", "-I", str(tmp_path), "-o", str(program), str(tmp_path / "main.cpp")], check=True)
    lines = subprocess.run([str(program)], stdout=subprocess.PIPE, check=True).stdout.splitlines(True)
    readings = [decode(line) for line in lines]
    assert [reading["seq"] for reading in readings] == list(range(20))
    assert readings[5]["device_s"] - readings[0]["device_s"] == pytest.approx(0.05)
    assert readings[0]["voltage_V"] == 19.0 and readings[0]["current_A"] == 0.658
    assert readings[0]["power_W"] == pytest.approx(12.502)
    unknown = [reading for reading in readings if reading["power_W"] is None]
    silent, beyond = unknown
    assert silent["current_A"] is None and silent["voltage_V"] is None, "the chip did not answer"
    assert beyond["current_A"] is None and beyond["voltage_V"] == 19.0, "the shunt's register is at its end"
