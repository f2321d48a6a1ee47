"""A stretch of a trace as a trace of its own: the rows as they are, with notes in its metadata."""

import json
import os
from typing import Any, Dict, Iterator

import numpy as np

from meters.arrow import arrow
from meters.errors import MeterError
from meters.trace_format import METADATA_KEY
from meters.trace_read import read_file, values


def cut(source: str, target: str, start_ns: int, stop_ns: int, notes: Dict[str, Any]) -> int:
    """Write the rows whose `t_ns` lies in the stretch to `target`, durably; returns how many.

    MeterError where there is none.
    """
    pa = arrow()
    file = read_file(source)
    schema = file.schema.with_metadata({METADATA_KEY: json.dumps({**file.meta, **notes}).encode()})
    parts = list(_parts(file.batches, start_ns, stop_ns))
    if not parts:
        raise MeterError(f"{source} has no sample in that stretch of time")
    temporary = target + ".tmp"
    with open(temporary, "wb") as new:
        with pa.ipc.new_stream(new, schema) as writer:
            for part in parts:
                writer.write_batch(pa.RecordBatch.from_arrays(part.columns, schema=schema))
        new.flush()
        os.fsync(new.fileno())
    os.replace(temporary, target)
    return sum(part.num_rows for part in parts)


def _parts(batches: Any, start_ns: int, stop_ns: int) -> Iterator[Any]:
    for batch in batches:
        low, high = np.searchsorted(values(batch.column(0)), (start_ns, stop_ns + 1)).tolist()
        if high > low:
            yield batch.slice(low, high - low)
