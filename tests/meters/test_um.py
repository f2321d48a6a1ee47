"""UM24C, UM25C and UM34C: one frame of a real UM34C; the other two by their own steps and end."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.um import CHECKED, FIELDS, Meter, decode
from tests.meters.vectors import expected, frame, vectors

REAL = frame(vectors("um")[0])


def made(number, volts, amps, milliwatts):
    """A frame as a UM24C or a UM25C sends it."""
    return struct.pack(">HHHI", number, volts, amps, milliwatts) + REAL[10:128] + b"\xff\xf1"


def test_the_frame_of_a_real_meter():
    (vector,) = vectors("um")
    reading = decode(REAL)
    for name, value in expected(vector).items():
        assert reading[name] == value
    assert decode(REAL, "34C") == reading


def test_each_model_has_its_own_steps():
    um24, um25 = decode(made(0x0963, 505, 1200, 6060)), decode(made(0x09C9, 5051, 12001, 6062))
    assert (um24["model"], um24["voltage_V"], um24["current_A"], um24["power_W"]) == ("UM24C", 5.05, 1.2, 6.06)
    assert (um25["model"], um25["voltage_V"], um25["current_A"], um25["power_W"]) == ("UM25C", 5.051, 1.2001, 6.062)


@pytest.mark.parametrize(
    "damaged",
    [
        REAL[:-1],
        REAL + b"\0",
        REAL[:9] + b"\x01" + REAL[10:],
        REAL[:-1] + b"\0",
        b"\0\0" + REAL[2:],
        REAL[:14] + b"\0\x0a" + REAL[16:],
        made(0x0963, 505, 1200, 9060),
        made(0x0963, 505, 1200, 6060)[:-1] + b"\0",
    ],
)
def test_what_is_not_whole_or_fails_its_check_is_refused(damaged):
    with pytest.raises(MeterError):
        decode(damaged)


def test_another_model_than_the_one_insisted_on():
    with pytest.raises(MeterError, match="0d4c is not one of a UM25C"):
        decode(REAL, "25C")
    with pytest.raises(MeterError, match="there are: 24C, 25C, 34C"):
        Meter(port="unused", variant="26C")


def test_the_check_covers_32_positions():
    assert len(set(CHECKED)) == 32 and FIELDS.size == 130


@given(st.binary(max_size=140) | st.binary(min_size=130, max_size=130).map(lambda data: REAL[:2] + data[2:]))
def test_any_bytes_give_a_reading_or_a_meter_error(data):
    try:
        decode(data)
    except MeterError:
        pass
