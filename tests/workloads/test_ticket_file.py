"""A ticket file gives back what was written, and refuses everything else without running or believing it."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError
from workloads.ticket_file import Ticket, read, write

MASK = [np.array([True, False, True]), np.zeros(9, dtype=bool), np.ones(8, dtype=bool)]


def _file(ticket):
    file = io.BytesIO()
    write(file, ticket)
    file.seek(0)
    return file


def _foreign(entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    file.seek(0)
    return file


def _npy(values, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(values), version=(1, 0), **options)
    return file.getvalue()


def _header(**changes):
    header = dict({"schema": 1, "sizes": [3], "widths": [2], "provenance": {}}, **changes)
    return _npy(np.frombuffer(json.dumps(header).encode(), dtype=np.uint8))


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=40), min_size=1, max_size=6))
def test_masks_come_back(layers):
    ticket = read(_file(Ticket([np.array(layer) for layer in layers])))
    assert [kept.tolist() for kept in ticket.mask] == layers


def test_widths_provenance_and_weights_come_back():
    weights = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.count": np.array(7)}
    ticket = read(_file(Ticket(MASK, [2, 1, 8], {"ratio": 0.5, "epoch": 20}, weights)))
    assert list(ticket.widths) == [2, 1, 8]
    assert ticket.provenance == {"ratio": 0.5, "epoch": 20}
    assert set(ticket.weights) == set(weights)
    for name, values in weights.items():
        np.testing.assert_array_equal(ticket.weights[name], values)
        assert ticket.weights[name].dtype == values.dtype


def test_equal_tickets_are_equal_files():
    assert _file(Ticket(MASK, [2, 1, 8])).getvalue() == _file(Ticket(MASK, [2, 1, 8])).getvalue()


def test_numpy_reads_it_without_pickle():
    with np.load(_file(Ticket(MASK)), allow_pickle=False) as arrays:
        assert arrays["mask/0000"].tolist() == [0b10100000]


class Bomb:
    """Its pickle runs code."""

    def __reduce__(self):
        return (pytest.fail, ("code ran",))


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"other.npy": _npy([1])},
        {"header.npy": b"not an array"},
        {"header.npy": _npy(np.frombuffer(b"not json", dtype=np.uint8))},
        {"header.npy": _header(schema=2)},
        {"header.npy": _header(sizes=[-3])},
        {"header.npy": _header(sizes="3")},
        {"header.npy": _header(provenance=[])},
        {"header.npy": _header()},
        {"header.npy": _header(), "mask/0000.npy": _npy(np.zeros(2, dtype=np.uint8))},
        {"header.npy": _header(), "mask/0000.npy": _npy(np.zeros(1, dtype=np.float32))},
        {"header.npy": _header(), "mask/0000.npy": _npy(np.zeros(1, dtype=np.uint8))[:-1]},
        {"header.npy": _npy(np.array([Bomb()], dtype=object), allow_pickle=True)},
        {"header.npy": pickle.dumps(Bomb())},
    ],
    ids=lambda entries: ",".join(entries) or "empty",
)
def test_foreign_archives_are_refused(entries):
    with pytest.raises(WorkloadError, match="no ticket"):
        read(_foreign(entries))


def test_an_array_that_claims_more_than_it_holds_takes_no_memory():
    claim = _npy(np.zeros(8, dtype=np.uint8)).replace(b"(8,), }" + b" " * 12, b"(8000000000000,), }")
    with pytest.raises(WorkloadError, match="cannot reshape"):
        read(_foreign({"header.npy": claim}))


@given(st.text("(){}',1L-\n #", max_size=60))
def test_a_crafted_array_header_is_refused(text):
    header = b"{'descr': '|u1', 'shape': " + text.encode().ljust(90) + b"\n"
    entry = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)
    with pytest.raises(WorkloadError, match="no ticket"):
        read(_foreign({"header.npy": entry}))


def test_an_archive_that_unpacks_to_gigabytes_is_refused_unread():
    data = bytearray(_file(Ticket(MASK)).getvalue())
    unpacked_size = data.index(b"PK\x01\x02") + 24  # a field of the first entry in the central directory
    data[unpacked_size : unpacked_size + 4] = (2 << 30).to_bytes(4, "little")
    with pytest.raises(WorkloadError, match="1024 MiB"):
        read(io.BytesIO(bytes(data)))


@given(st.integers(0, 2000), st.integers(1, 255))
def test_damage_is_refused_or_harmless(position, flip):
    data = bytearray(_file(Ticket(MASK, [2, 1, 8], {"ratio": 0.5})).getvalue())
    data[position % len(data)] ^= flip
    try:
        read(io.BytesIO(bytes(data)))
    except WorkloadError:
        pass


@given(st.integers(0, 2000))
def test_a_truncated_ticket_is_refused(length):
    data = _file(Ticket(MASK, [2, 1, 8], {"ratio": 0.5})).getvalue()
    with pytest.raises(WorkloadError):
        read(io.BytesIO(data[: length % len(data)]))
