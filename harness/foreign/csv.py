"""Any CSV with a header: a time, and powers, voltages and currents with the unit in the column's name."""

import csv
import io
import math
import re
from typing import Any, Callable, Dict, List, Optional, Tuple

from harness.errors import UserError
from harness.foreign.logs import Line, Lines
from harness.foreign.times import parse
from meters.base import BOUNDARIES, Channel, Meter

CHANNEL = "log"


def _nanoseconds(cell: str) -> int:
    if not re.match(r"\d{1,19}\Z", cell.strip()):
        raise UserError(f"{cell!r} is no number of nanoseconds")
    return int(cell)


TIMES: Dict[str, Callable[[str], int]] = {
    **dict.fromkeys(("time_s", "t_s", "time", "timestamp", "datetime", "utc"), parse),
    **dict.fromkeys(("t_ns", "t_mono_ns", "t_utc_ns", "time_ns"), _nanoseconds),
}
_QUANTITY = re.compile(r"(?:(.+?)[_ ])?(power|voltage|current)_(m?)([WVA])\Z")
_UNITS = {"power": "W", "voltage": "V", "current": "A"}


class Columns(Meter):
    """What the header of a log says: quantities by channel, in their order."""

    def __init__(self, columns: Tuple[str, ...], total: str, boundary: str) -> None:
        names = [column[: -len("_power_W")] for column in columns if column.endswith("_power_W")]
        self.columns = columns
        self.total = tuple(total.split("+")) if total else tuple(names if len(names) == 1 else ())
        if boundary not in BOUNDARIES:
            raise UserError(f"boundary {boundary} is unknown; there are: {', '.join(BOUNDARIES)}")
        if not set(self.total) <= set(names) or len(set(self.total)) < len(self.total):
            raise UserError(f"--total {total} is no sum of different channels; there are: {', '.join(names)}")
        self.channels = tuple(Channel(name, boundary if name in self.total else "rail") for name in names)


def read(data: bytes, total: str, boundary: str) -> Lines:
    header, rows = table(data)
    clock = next((index for index, name in enumerate(header) if name in TIMES), None)
    matches = [(index, _QUANTITY.match(name)) for index, name in enumerate(header)]
    values = [(index, *_quantity(match)) for index, match in matches if match]
    names = [column for _, column, _ in values]
    twice = [column for column in names if names.count(column) > 1]
    if twice:
        raise UserError(f"two of its columns are {twice[0]}: which one holds is not guessed; remove or rename one")
    if not any(column.endswith("_power_W") for column in names):
        raise UserError(f"no column is a power, such as power_W or cpu_power_mW; it has: {', '.join(header)}")
    meter = Columns(tuple(names), total, boundary)

    def line(cells: List[str]) -> Line:
        stamp = None if clock is None else TIMES[header[clock]](cells[clock])
        return stamp, tuple(_scaled(cells[index], factor) for index, _, factor in values)

    return Lines(meter, [line(cells) for cells in rows])


def table(data: bytes) -> Tuple[List[str], List[List[str]]]:
    """Header and rows of equal length; a last line without its end is left out: 12 may have been cut from 12.5."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (ValueError, csv.Error) as error:
        raise UserError(f"it is no CSV in UTF-8: {error}") from error
    rows = [line for line in lines if line]
    if not rows:
        raise UserError("it is empty")
    header = [name.strip() for name in rows[0]]
    if not data.endswith((b"\n", b"\r")) and len(rows) > 1:
        rows.pop()
    for count, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise UserError(f"row {count} has {len(row)} cells instead of {len(header)}")
    return header, rows[1:]


def number(cell: str) -> Optional[float]:
    """None for an empty cell and for what is not finite."""
    try:
        value = float(cell) if cell.strip() else math.nan
    except ValueError:
        raise UserError(f"{cell!r} is no number") from None
    return value if math.isfinite(value) else None


def _quantity(match: Any) -> Tuple[str, float]:
    """Column of a trace, and what turns the log's number into its unit."""
    channel, quantity, milli, unit = match.groups()
    if unit != _UNITS[quantity]:
        raise UserError(f"column {match.group()}: a {quantity} is not in {unit}")
    return f"{(channel or CHANNEL).replace(' ', '_')}_{quantity}_{unit}", 1e-3 if milli else 1.0


def _scaled(cell: str, factor: float) -> Optional[float]:
    value = number(cell)
    return None if value is None else value * factor
