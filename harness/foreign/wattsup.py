"""Packets of a WattsUp as loggers store them, with or without a time in front; all else in the log is passed over."""

from typing import Optional

from harness.foreign.logs import Line, Lines, each
from harness.foreign.times import parse
from meters.wattsup import Meter


def read(data: bytes, total: str, boundary: str) -> Lines:
    meter = Meter(port="log")

    def understand(line: bytes) -> Optional[Line]:
        front, packet, rest = line.partition(b"#d,")
        if not packet:
            return None
        text = front.decode("latin-1").strip(" \t,;")
        return parse(text) if text else None, meter.row(meter.decode(packet + rest.strip()))

    return Lines(meter, each(data, understand), meter.period_s)
