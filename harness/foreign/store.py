"""An imported log on disk: a trace that says where it comes from."""

import os

from harness.foreign.logs import Log
from harness.recording.annotate import Annotator
from meters.base import Sample
from meters.trace_format import describe
from meters.trace_write import TraceWriter

BATCH = 1 << 16


def write(log: Log, kind: str, out: str) -> None:
    """`out` comes into being whole or not at all."""
    meta = dict(describe(log.meter, kind, kind, {}, 1), clock=log.times.clock)
    meta["meter"]["identity"] = dict(meta["meter"]["identity"], imported=log.source)
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    temporary = out + ".part"
    try:
        writer = TraceWriter(temporary, log.meter.columns, False, meta)
        annotator = Annotator(log.meter)
        rows = annotator.rows([Sample(t_ns, 0, None, values) for t_ns, values in zip(log.times.t_ns, log.rows)])
        for first in range(0, len(rows), BATCH):
            writer.append(rows[first : first + BATCH])
        writer.close(statistics=annotator.statistics())
        os.replace(temporary, out)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
