"""Files that are no trace, broken traces, and files made to run code: each refused with a sentence."""

import json
import os
import pickle
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.trace import Trace
from tests.meters.bench import REPOSITORY
from tests.meters.traces import Toy, row, write

ROWS = [row(100 * n) for n in range(100)]
STORAGE = [("t_ns", pa.int64()), ("read_ns", pa.int32()), ("segment", pa.int32()), ("flags", pa.uint8())]


class Harmful:
    """Unpickling it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def stream(path, fields, metadata=None, columns=None):
    """An Arrow stream with one row, made by hand."""
    schema = pa.schema(fields, metadata=metadata)
    columns = columns or [pa.array([1], type=field.type) for field in schema]
    with pa.OSFile(str(path), "wb") as file:
        writer = pa.RecordBatchStreamWriter(file, schema)
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
        writer.close()
    return path


def good_metadata(tmp_path, **changes):
    trace = Trace.open(write(tmp_path / "good.arrow", [row(0)]))
    return {"harness": json.dumps(dict(trace.meta, **changes))}


VALUES = [(name, pa.float32()) for name in Toy.columns]


def test_a_type_with_a_pickle_in_it_is_refused_before_it_is_looked_at(tmp_path):
    """The attack of CVE-2023-47248: reading the schema alone would unpickle."""
    marker = tmp_path / "code has run"
    extension = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Harmful(marker)),
    }
    fields = [pa.field("t_ns", pa.int64(), metadata=extension)] + [pa.field(*one) for one in STORAGE[1:] + VALUES]
    path = stream(tmp_path / "evil.arrow", fields, good_metadata(tmp_path))
    with pytest.raises(MeterError, match="has an extension type, which could run code"):
        Trace.open(path)
    program = "import sys; from meters.trace import Trace; Trace.open(sys.argv[1])"
    command = [sys.executable, "-c", program, str(path)]
    fresh = subprocess.run(command, cwd=str(REPOSITORY), stderr=subprocess.PIPE, universal_newlines=True)
    assert fresh.returncode == 1 and "MeterError" in fresh.stderr
    assert not marker.exists()


def test_it_would_have_run_without_protection_or_does_on_no_pyarrow_any_more(tmp_path):
    """The attack above is a real one: pyarrow 6.0.1 without its hotfix falls for it."""
    marker = tmp_path / "code has run"
    extension = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Harmful(marker)),
    }
    path = stream(tmp_path / "evil.arrow", [pa.field("t_ns", pa.int64(), metadata=extension)])
    program = "import sys, pyarrow; pyarrow.ipc.open_stream(open(sys.argv[1], 'rb')).read_all()"
    subprocess.run([sys.executable, "-c", program, str(path)], stderr=subprocess.PIPE)
    assert marker.exists() == (int(pa.__version__.split(".")[0]) < 14)


def test_an_old_pyarrow_without_its_hotfix_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "trace.arrow", ROWS)
    monkeypatch.setattr(pa, "__version__", "6.0.1")
    monkeypatch.setitem(sys.modules, "pyarrow_hotfix", None)
    with pytest.raises(
        MeterError, match="runs code from a crafted file .*: install pyarrow >= 14.0.1, or pyarrow-hotfix"
    ):
        Trace.open(path)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "it is empty"),
        (b"hello, world\n", "is not a trace|cannot be read as a trace"),
        (b"\xff\xff\xff\xff\x00\x00\x00\x00", "does not begin with a schema"),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x" * 100, "is not a trace|cannot be read as a trace"),
    ],
)
def test_what_is_no_arrow_stream_is_refused(tmp_path, content, sentence):
    path = tmp_path / "x.arrow"
    path.write_bytes(content)
    with pytest.raises(MeterError, match=sentence):
        Trace.open(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MeterError, match="cannot be read as a trace: .*No such file"):
        Trace.open(tmp_path / "x.arrow")


def test_a_stream_of_somebody_else_is_refused(tmp_path):
    with pytest.raises(MeterError, match="carries no metadata of the harness"):
        Trace.open(stream(tmp_path / "x.arrow", [("x", pa.int64())]))


@pytest.mark.parametrize(
    "fields",
    [
        STORAGE[1:] + VALUES,
        [("t_ns", pa.float64())] + STORAGE[1:] + VALUES,
        STORAGE + VALUES[:-1] + [("energy_Wh", pa.int64())],
        STORAGE + VALUES[:-1] + [("energy_Wh", pa.string())],
    ],
)
def test_other_columns_are_refused(tmp_path, fields):
    columns = [pa.array(["1"] if kind == pa.string() else [1], type=kind) for _, kind in fields]
    with pytest.raises(MeterError, match="its columns are not those of a trace"):
        Trace.open(stream(tmp_path / "x.arrow", fields, good_metadata(tmp_path), columns))


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"schema": 2}, "not of version 1; was it made by a newer harness"),
        ({"period_s": 0}, "native period is not above zero"),
        ({"period_s": "fast"}, "no valid 'period_s'"),
        ({"clock": None}, "no valid 'clock'"),
        ({"simulated": "no"}, "no valid 'simulated'"),
        ({"total": ["c"]}, r"channels that it does not have: \['c'\]"),
        ({"channels": [{"name": "a", "boundary": "moon"}]}, "'a' has no known boundary"),
        ({"channels": [{"name": "c", "boundary": "rail"}], "total": []}, "'c' has no power column"),
        ({"channels": [{"what": 1}]}, "is not a trace"),
    ],
)
def test_metadata_are_checked(tmp_path, changes, sentence):
    metadata = good_metadata(tmp_path, **changes)
    with pytest.raises(MeterError, match=sentence):
        Trace.open(stream(tmp_path / "x.arrow", STORAGE + VALUES, metadata))


def test_a_torn_tail_costs_only_the_last_batch(tmp_path):
    whole = open(write(tmp_path / "whole.arrow", ROWS, close=False), "rb").read()
    path = tmp_path / "torn.arrow"
    for cut in range(1, 1200, 97):
        path.write_bytes(whole[:-cut])
        n = len(Trace.open(path).t_ns)
        assert n % 10 == 0 and 90 - 10 * (cut // 600) <= n < 100


def test_zeros_behind_the_last_batch_are_a_torn_tail(tmp_path):
    path = tmp_path / "torn.arrow"
    path.write_bytes(open(write(tmp_path / "whole.arrow", ROWS, close=False), "rb").read() + bytes(5000))
    assert len(Trace.open(path).t_ns) == 100


def test_a_last_batch_whose_body_never_reached_the_disk_is_a_torn_tail(tmp_path):
    whole = open(write(tmp_path / "whole.arrow", ROWS, close=False), "rb").read()
    path = tmp_path / "torn.arrow"
    path.write_bytes(whole[:-300] + bytes(300))
    assert len(Trace.open(path).t_ns) in (90, 100)
    path.write_bytes(whole[:-330] + bytes(330))
    assert len(Trace.open(path).t_ns) == 90


def test_times_that_go_back_in_the_middle_are_damage(tmp_path):
    rows = ROWS[:20] + ROWS[10:30]
    with pytest.raises(MeterError, match="it is damaged: sample times do not increase"):
        Trace.open(write(tmp_path / "x.arrow", rows, close=False))


def test_more_rows_than_bytes_are_refused(tmp_path):
    """A compressed body could be a bomb; the harness writes none."""
    path = tmp_path / "x.arrow"
    fields = STORAGE + VALUES
    schema = pa.schema(fields, metadata=good_metadata(tmp_path))
    columns = [pa.array(range(100000), pa.int64())] + [pa.array([0] * 100000, kind) for _, kind in fields[1:]]
    batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    with pa.OSFile(str(path), "wb") as file:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        writer = pa.ipc.new_stream(file, schema, options=options)
        writer.write_batch(batch)
        writer.write_batch(batch)
        writer.close()
    with pytest.raises(MeterError, match="more rows than bytes"):
        Trace.open(path)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8), cut=st.floats(0, 1)
)
def test_any_damage_gives_a_trace_or_a_meter_error(tmp_path_factory, damage, cut):
    folder = tmp_path_factory.mktemp("damage")
    data = bytearray(open(write(folder / "whole.arrow", ROWS[:30], close=False), "rb").read())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    path = folder / "x.arrow"
    path.write_bytes(data[: int(len(data) * max(cut, 0.3))])
    try:
        assert len(Trace.open(path).t_ns) <= 30
    except MeterError:
        pass
