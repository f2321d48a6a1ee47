"""What tegrastats --logfile writes; from R34 on each line begins with a date and time, to the second."""

import re

from harness.foreign.logs import Line, Lines, each
from harness.foreign.times import parse
from meters.tegrastats import Meter

NOT_THIS_HOST = "/nonexistent"  # the board is told by its rails
_DATE = re.compile(rb"\d\d-\d\d-\d{4} \d\d:\d\d:\d\d(?= )")


def read(data: bytes, total: str, boundary: str) -> Lines:
    meter = Meter(total=total, root=NOT_THIS_HOST)

    def understand(line: bytes) -> Line:
        date = _DATE.match(line)
        return parse(date.group().decode()) if date else None, meter.row(meter.decode(line))

    return Lines(meter, each(data, understand))
