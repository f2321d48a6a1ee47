"""PZEM modules: Modbus replies of both kinds, each checked by its CRC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.modbus import READ_INPUT, crc16, read_request, with_crc
from meters.pzem import Meter, decode
from tests.meters.vectors import VECTORS, expected, frame, negatives, vectors

REPLY = frame(vectors("pzem_ac")[0])


@pytest.mark.parametrize("kind", ["ac", "dc"])
def test_frames_of_real_modules(kind):
    for vector in vectors("pzem_" + kind):
        reading = decode(frame(vector), kind)
        assert {name: reading[name] for name in expected(vector)} == pytest.approx(expected(vector))
        assert decode(frame(vector)) == reading


def test_a_frame_that_only_looks_real_is_refused():
    (vector,) = negatives("pzem_ac")
    with pytest.raises(MeterError, match="wrong check"):
        decode(frame(vector))


def test_requests_are_those_that_were_captured():
    assert read_request(0xF8, READ_INPUT, 0, 10).hex() == vectors("pzem_ac")[0]["request"]
    (write,) = (vector for vector in VECTORS if vector["id"] == "pzem-setaddr")
    assert with_crc(frame(write)[:-2]) == frame(write)
    assert crc16(b"123456789") == 0x4B37


def test_the_other_kind_of_module_an_error_and_another_function_are_refused():
    with pytest.raises(MeterError, match="no PZEM dc sends that"):
        decode(REPLY, "dc")
    with pytest.raises(MeterError, match="error code 2"):
        decode(with_crc(b"\x01\x84\x02"))
    with pytest.raises(MeterError, match="no whole Modbus reply"):
        decode(with_crc(b"\x01\x03" + REPLY[2:-2]))


def test_32_bit_values_have_their_low_word_first():
    reading = decode(with_crc(b"\x01\x04\x14" + bytes.fromhex("08fc 0001 0002 0003 0001 0004 0001 01f4 0064 ffff")))
    assert reading["current_A"] == 131.073
    assert reading["power_W"] == 6553.9
    assert reading["energy_Wh"] == 65540
    assert reading["alarm"] is True


@given(st.binary(max_size=40) | st.integers(0, 8 * len(REPLY) - 1))
def test_any_bytes_give_a_reading_or_a_meter_error(data):
    if isinstance(data, int):
        data = bytes(byte ^ (1 << data % 8 if n == data // 8 else 0) for n, byte in enumerate(REPLY))
    with pytest.raises(MeterError):
        decode(data)


@pytest.mark.parametrize("options", [{"variant": "usb"}, {"address": 0}, {"address": 249}])
def test_options_that_no_module_has(options):
    with pytest.raises(MeterError, match="pzem: "):
        Meter(port="unused", **options)


def test_the_dc_kind_wants_two_stop_bits_and_measures_the_dc_line():
    ac, dc = Meter(port="unused"), Meter(port="unused", variant="dc", address=1)
    assert (ac.stop_bits, ac.channels[0].boundary, ac.total) == (1, "ac_wall", ("wall",))
    assert (dc.stop_bits, dc.channels[0].boundary, dc.total) == (2, "dc_input", ("line",))
    assert dc.request[:1] == b"\x01" and dc.columns[-1] == "energy_Wh"
