"""Writing a trace: encoded in whole batches, each on disk before anyone is told so."""

import json
import os
from array import array
from typing import Any, Dict, Iterator, Sequence

from meters.arrow import arrow
from meters.trace_format import METADATA_KEY, TraceRow, fixed_columns, value_type

_CODES = {"int64": "q", "int32": "i", "uint8": "B", "float32": "f", "float64": "d"}
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # end of an Arrow stream
_LARGE_BATCH = 1 << 16


class TraceWriter:
    """A new trace file; raises OSError when the disk does not take it."""

    def __init__(self, path: str, columns: Sequence[str], device_clock: bool, meta: Dict[str, Any]) -> None:
        pa = arrow()
        fixed = fixed_columns(device_clock)
        self._types = [kind for _, kind in fixed] + [value_type(column) for column in columns]
        self._device_clock = device_clock
        names = [name for name, _ in fixed] + list(columns)
        fields = [pa.field(name, getattr(pa, kind)()) for name, kind in zip(names, self._types)]
        self._schema = pa.schema(fields, metadata={METADATA_KEY: json.dumps(meta).encode()})
        self._file = open(path, "xb", buffering=0)
        self._path = path
        self._write(self._schema.serialize())
        _fsync_folder(path)

    def append(self, rows: Sequence[TraceRow]) -> None:
        """Encode and hand to the kernel."""
        if rows:
            self._write(self._batch(rows).serialize())

    def sync(self) -> None:
        """On disk when this returns."""
        os.fdatasync(self._file.fileno())

    def close(self, **found: Any) -> None:
        """End the stream, then replace the file by the same rows in large batches, and `found` in its metadata."""
        self._write(_END)
        self.sync()
        self._file.close()
        rewrite(self._path, found)

    def _write(self, data: Any) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def _batch(self, rows: Sequence[TraceRow]) -> Any:
        pa = arrow()
        t_ns, read_ns, device_ns, segment, flags, values = zip(*rows)
        device = [device_ns] if self._device_clock else []
        columns = [t_ns, read_ns, *device, segment, flags, *zip(*values)]
        arrays = [_array(pa, kind, column) for kind, column in zip(self._types, columns)]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def rewrite(path: str, found: Dict[str, Any]) -> None:
    """Replace a trace of many small batches by one of large ones, durably; rows and metadata stay, `found` is added."""
    pa = arrow()
    temporary = path + ".tmp"
    with open(path, "rb") as old, open(temporary, "wb") as new:
        reader = pa.ipc.open_stream(old)
        meta = {**json.loads(reader.schema.metadata[METADATA_KEY].decode()), **found}
        schema = reader.schema.with_metadata({METADATA_KEY: json.dumps(meta).encode()})
        with pa.ipc.new_stream(new, schema) as writer:
            for table in _gathered(pa, reader):
                writer.write_table(table, _LARGE_BATCH)
        new.flush()
        os.fsync(new.fileno())
    os.replace(temporary, path)
    _fsync_folder(path)


def _array(pa: Any, kind: str, column: Sequence[Any]) -> Any:
    """Built from buffers: from a list pyarrow would look for pandas first, and load it."""
    validity = None
    n_missing = column.count(None)
    if n_missing:
        present = [value is not None for value in column]
        validity = pa.py_buffer(_bits(present))
        column = [value if here else 0 for value, here in zip(column, present)]
    data = pa.py_buffer(array(_CODES[kind], column).tobytes())
    return pa.Array.from_buffers(getattr(pa, kind)(), len(column), [validity, data], n_missing)


def _bits(present: Sequence[bool]) -> bytes:
    bits = bytearray((len(present) + 7) // 8)
    for index, here in enumerate(present):
        bits[index >> 3] |= here << (index & 7)
    return bytes(bits)


def _gathered(pa: Any, reader: Any) -> Iterator[Any]:
    batches, n_rows = [], 0
    for batch in reader:
        batches.append(batch)
        n_rows += batch.num_rows
        if n_rows >= _LARGE_BATCH:
            yield pa.Table.from_batches(batches).combine_chunks()
            batches, n_rows = [], 0
    if batches:
        yield pa.Table.from_batches(batches).combine_chunks()


def _fsync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
