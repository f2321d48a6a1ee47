"""A trace as another host, or with another note, would have recorded it."""

import json

import pyarrow as pa


def relabel(path, out=None, shift_ns=0, drift=0.0, start_ns=None, stop_ns=None, meter=None, **changes):
    """Rewrite a trace with other metadata; its times become t * (1 + drift) + shift_ns, those outside are cut."""
    with pa.OSFile(str(path), "rb") as file:
        table = pa.ipc.open_stream(file).read_all()
    meta = dict(json.loads(table.schema.metadata[b"harness"].decode()), **changes)
    if meter:
        meta["meter"] = dict(meta["meter"], name=meter)
    columns = {name: table.column(name).to_pylist() for name in table.schema.names}
    first = columns["t_ns"][0]
    kept = [n for n, t in enumerate(columns["t_ns"]) if (start_ns or 0) <= t <= (stop_ns or 1 << 62)]
    columns = {name: [values[n] for n in kept] for name, values in columns.items()}
    columns["t_ns"] = [t + shift_ns + round((t - first) * drift) for t in columns["t_ns"]]
    fields = [pa.field(field.name, field.type) for field in table.schema]
    schema = pa.schema(fields, metadata={"harness": json.dumps(meta)})
    arrays = [pa.array(columns[field.name], field.type) for field in fields]
    with pa.OSFile(str(out or path), "wb") as file:
        writer = pa.RecordBatchStreamWriter(file, schema)
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        writer.close()
    return out or path
