"""No stored frame of a real meter is forgotten: each one is decoded to what it means, or refused."""

import pytest

from meters import line, pzem, scpi, smartpower3, tc66, um, wattsup
from meters.errors import MeterError
from meters.modbus import with_crc
from meters.scpi_decode import quantity
from tests.meters.vectors import NAMES, VECTORS, expected, frame

DECODERS = {
    "wattsup": wattsup.decode,
    "pzem_ac": lambda data: pzem.decode(data, variant="ac"),
    "pzem_dc": lambda data: pzem.decode(data, variant="dc"),
    "um": um.decode,
    "tc66": tc66.decode,
    "osp3": smartpower3.decode,
    "hioki": lambda data: scpi.decode(data, variant="hioki"),
    "edgepowermeter": lambda data: line.decode(data, columns="-+V+A+W", checksum="none"),
}
PLAIN = {"V": "voltage_V", "A": "current_A", "W": "power_W"}


def meaning(vector):
    """The expectation under the names of this product, whatever shape the vector has."""
    decoder, stated = vector["decoder"], vector["expect"]
    if decoder in NAMES:
        return expected(vector)
    if decoder == "osp3":
        return {"time_ms": stated["ms"], **{f"in_{PLAIN[name]}": value for name, value in stated["in"].items()}}
    if decoder == "edgepowermeter":
        return {PLAIN[name]: stated[name] for name in PLAIN}
    return {quantity(name): value for name, value in stated.items()}


def decode(vector):
    if vector["decoder"] == "scpi_numeric":
        return scpi.decode(frame(vector), items=vector["args"])
    return DECODERS[vector["decoder"]](frame(vector))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_stored_frame(vector):
    if vector["decoder"] == "text":  # names of instruments and of items
        assert frame(vector).strip().decode().isprintable()
    elif vector["decoder"] == "raw_crc":
        assert with_crc(frame(vector)[:-2]) == frame(vector)
    elif vector["kind"] == "negative":
        with pytest.raises(MeterError):
            decode(vector)
    else:
        reading = decode(vector)
        for name, value in meaning(vector).items():
            assert reading[name] == (value if value is None or isinstance(value, (str, list)) else pytest.approx(value))
