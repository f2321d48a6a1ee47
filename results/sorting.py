"""The number that a table cell is sorted by in the report: the inverse of `harness.quantities`."""

import re

PREFIXES = {"P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3}
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def key(cell: str) -> float | None:
    """The cell's number in its base unit, of a range its beginning; None where it begins with none."""
    found = NUMBER.match(cell.replace("−", "-"))
    if found is None:
        return None
    words = cell[found.end() :].split()
    if words and words[0] in SECONDS:
        return _seconds(cell)
    factor = PREFIXES.get(words[0][0], 1.0) if words and words[0] in (*PREFIXES, "kB", "MB", "GB") else 1.0
    return float(found.group()) * factor


def _seconds(cell: str) -> float:
    """Of a duration such as `1 h 05 min`."""
    parts = cell.split()
    return sum(
        float(number) * SECONDS[unit] for number, unit in zip(parts[::2], parts[1::2], strict=False) if unit in SECONDS
    )
