"""Reading a trace file as if a stranger had made it: nothing runs, everything is checked, a torn tail is dropped."""

import json
import os
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from meters.arrow import arrow
from meters.base import BOUNDARIES, SHAPES, Channel
from meters.errors import MeterError
from meters.trace_format import METADATA_KEY, SCHEMA, fixed_columns

_MOST_COLUMNS = 1000
_LONGEST_METADATA = 1 << 20
_NAMES = {"int64": "int64", "int32": "int32", "uint8": "uint8", "float": "float32", "double": "float64"}
_METADATA = {
    "meter": dict,
    "channels": list,
    "total": list,
    "period_s": (int, float),
    "clock": dict,
    "simulated": bool,
    "attempt": int,
}  # type: Dict[str, Any]


class TraceFile(NamedTuple):
    """Checked metadata, and the record batches that are whole."""

    meta: Dict[str, Any]
    channels: Tuple[Channel, ...]
    schema: Any
    batches: List[Any]


def read_file(path: str) -> TraceFile:
    """Raises MeterError with a sentence for whatever is not a trace."""
    pa = arrow()
    try:
        return _read(pa, path)
    except MeterError as error:
        raise MeterError(f"{path} is not a trace that can be used: {error}") from None
    except OSError as error:
        raise MeterError(f"{path} cannot be read as a trace: {error.strerror or error}") from error
    except Exception as error:  # a crafted stream can make a parser fail in any way
        raise MeterError(f"{path} is not a trace that can be used: Arrow cannot read it ({error})") from error


def _read(pa: Any, path: str) -> TraceFile:
    if os.path.getsize(path) == 0:
        raise MeterError("it is empty")
    messages = iter(pa.ipc.MessageReader.open_stream(pa.memory_map(path)))
    first = next(messages, None)
    if first is None or first.type != "schema":
        raise MeterError("it does not begin with a schema")
    if b"ARROW:extension" in bytes(first.metadata):  # before anything looks at the type that is named there
        raise MeterError("it has an extension type, which could run code; the harness writes none")
    schema = pa.ipc.read_schema(first.serialize())
    meta = _metadata(schema)
    channels = _channels(meta, schema.names)
    return TraceFile(meta, channels, schema, list(_batches(pa, messages, schema)))


def _metadata(schema: Any) -> Dict[str, Any]:
    """The metadata of a schema whose columns are those of a trace."""
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None or len(text) > _LONGEST_METADATA:
        raise MeterError("it carries no metadata of the harness")
    fixed = fixed_columns("device_ns" in schema.names)
    types = [(field.name, _NAMES.get(str(field.type))) for field in schema]
    if types[: len(fixed)] != fixed or not {kind for _, kind in types[len(fixed) :]} <= {"float32", "float64"}:
        raise MeterError("its columns are not those of a trace")
    if len(types) > _MOST_COLUMNS or len(set(schema.names)) < len(types):
        raise MeterError("it has too many columns, or two of the same name")
    meta = json.loads(text.decode())
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        raise MeterError(f"its metadata is not of version {SCHEMA}; was it made by a newer harness?")
    for key, wanted in _METADATA.items():
        if not isinstance(meta.get(key), wanted):
            raise MeterError(f"its metadata has no valid {key!r}")
    if not meta["period_s"] > 0:
        raise MeterError("its native period is not above zero")
    return meta


def _channels(meta: Dict[str, Any], columns: List[str]) -> Tuple[Channel, ...]:
    channels = tuple(Channel(**fields) for fields in meta["channels"])
    for channel in channels:
        if channel.boundary not in BOUNDARIES or channel.shape not in SHAPES:
            raise MeterError(f"channel {channel.name!r} has no known boundary and shape")
        if f"{channel.name}_power_W" not in columns:
            raise MeterError(f"channel {channel.name!r} has no power column")
    unknown = set(meta["total"]) - {channel.name for channel in channels}
    if unknown:
        raise MeterError(f"its total names channels that it does not have: {sorted(unknown)}")
    return channels


def _batches(pa: Any, messages: Iterator[Any], schema: Any) -> Iterator[Any]:
    """Record batches up to the first that is torn; MeterError when a bad one has others behind it."""
    last_ns, torn = -1, ""
    for message in _whole(pa, messages):
        if torn:
            raise MeterError(f"it is damaged: {torn}")
        batch, torn = _batch(pa, message, schema, last_ns)
        if not torn and batch.num_rows:
            last_ns = int(values(batch.column(0))[-1])
            yield batch


def _whole(pa: Any, messages: Iterator[Any]) -> Iterator[Any]:
    """The messages of a stream that may end anywhere."""
    try:
        yield from messages
    except (OSError, pa.ArrowException):
        return


def _batch(pa: Any, message: Any, schema: Any, last_ns: int) -> Tuple[Any, str]:
    """A record batch, and what is wrong with it."""
    if message.type != "record batch":
        return None, f"there is a {message.type} in it"
    try:
        batch = pa.ipc.read_record_batch(message, schema)
        batch.validate(full=True)
    except (OSError, ValueError, MemoryError, pa.ArrowException) as error:
        return None, str(error)
    if batch.num_rows * _row_bytes(schema) > message.body.size:
        return None, "a batch has more rows than bytes"
    if any(batch.column(i).null_count for i in range(schema.get_field_index("flags") + 1)):
        return None, "a sample has no time"
    times = values(batch.column(0))
    if batch.num_rows and (times[0] <= last_ns or not np.all(times[1:] > times[:-1])):
        return None, "sample times do not increase"
    return batch, ""


def _row_bytes(schema: Any) -> int:
    """Bytes of one row."""
    return sum(field.type.bit_width // 8 for field in schema)


def values(column: Any) -> np.ndarray:
    """A column of a batch as numbers, null as NaN, straight from its buffers (pyarrow's own way loads pandas)."""
    validity, data = column.buffers()
    n, first = len(column), column.offset
    numbers = np.frombuffer(data, _NAMES[str(column.type)], first + n)[first:]
    if not column.null_count:
        return numbers
    present = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[first : first + n]
    return np.where(present, numbers, numbers.dtype.type(np.nan))
