"""TC66: a real frame decrypts to its readings, any damage to it does not pass."""

import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.tc66 import decode
from tests.meters.vectors import expected, frame, vectors

REAL = frame(vectors("tc66")[0])


def test_the_frame_of_a_real_meter():
    (vector,) = vectors("tc66")
    reading = decode(REAL)
    for name, value in expected(vector).items():
        assert reading[name] == value
    assert reading["energy_Wh"] == 0.005


@given(st.binary(max_size=200) | st.integers(0, 8 * len(REAL) - 1))
def test_any_other_bytes_are_refused(data):
    if isinstance(data, int):
        data = bytes(byte ^ (1 << data % 8 if n == data // 8 else 0) for n, byte in enumerate(REAL))
    with pytest.raises(MeterError):
        decode(data)


def test_without_its_library_the_sentence_names_it(monkeypatch):
    original = builtins.__import__

    def without_crypto(name, *rest):
        if name.startswith("Crypto"):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_crypto)
    with pytest.raises(MeterError, match="install pycryptodome"):
        decode(REAL)
