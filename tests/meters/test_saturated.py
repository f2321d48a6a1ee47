"""A register that is at its end is no reading, in each meter that has such registers."""

import pytest

from meters import pzem, tc66, um
from meters.emulators import pzem as emulated_pzem
from meters.emulators import tc66 as emulated_tc66
from meters.emulators import um as emulated_um
from meters.modbus import READ_INPUT, with_crc

BEYOND_W = 1e9


def pzem_reply(registers):
    data = b"".join(register.to_bytes(2, "big") for register in registers)
    return with_crc(bytes([1, READ_INPUT, len(data)]) + data)


READINGS = {
    "pzem ac": lambda watts: pzem.decode(pzem_reply(emulated_pzem.ac_registers(watts, 0)), "ac"),
    "pzem dc": lambda watts: pzem.decode(pzem_reply(emulated_pzem.dc_registers(watts, 0)), "dc"),
    "tc66": lambda watts: tc66.decode(emulated_tc66.frame(watts, 0)),
    "um": lambda watts: um.decode(emulated_um.frame(watts, 0)),
}


@pytest.mark.parametrize("kind", sorted(READINGS))
def test_a_full_register_is_no_value_and_its_neighbours_are(kind):
    if kind == "tc66":
        pytest.importorskip("Crypto")
    full = READINGS[kind](BEYOND_W)
    assert full["power_W"] is None and full["current_A"] is None and full["voltage_V"] > 5
    assert READINGS[kind](7.5)["power_W"] == 7.5


def test_an_emulated_module_that_hears_a_line_close_goes_on():
    emulator = emulated_pzem.Emulator()
    assert emulator.answer(b"") == emulator.answer(b"\x01\x04") == []
