"""The CSV that jetson-stats' example logger writes: `time`, and milliwatts in columns such as `Power VDD_IN`."""

from typing import List

from harness.errors import UserError
from harness.foreign.csv import number, table
from harness.foreign.logs import Line, Lines
from harness.foreign.tegrastats import NOT_THIS_HOST
from harness.foreign.times import parse
from meters.jtop import Meter

SUMS = ("TOT",)  # jtop's own, of rails that are in the log as well
PREFIX = "Power "


def read(data: bytes, total: str, boundary: str) -> Lines:
    header, rows = table(data)
    rails = {
        index: name[len(PREFIX) :]
        for index, name in enumerate(header)
        if name.startswith(PREFIX) and name[len(PREFIX) :] not in SUMS
    }
    if "time" not in header or not rails:
        raise UserError(f"it has no column 'time' or none such as 'Power VDD_IN'; it has: {', '.join(header)}")
    meter = Meter(total=total, root=NOT_THIS_HOST)

    def line(cells: List[str]) -> Line:
        milliwatts = {name: number(cells[index]) for index, name in rails.items()}
        watts = {name + "_power_W": None if mW is None else mW / 1000 for name, mW in milliwatts.items()}
        return parse(cells[header.index("time")]), meter.row(watts)

    return Lines(meter, [line(cells) for cells in rows])
