"""What JSON of a run directory must look like before it is believed: small checks that are put together.

A check takes a value and returns None where it fits, else the place inside it that does not, such as `.meters[0].name`.
"""

import math
import re
from typing import Any, Callable, NamedTuple, Optional

Check = Callable[[Any], Optional[str]]

MOST_EPOCHS = 1000000
LONGEST_NS = (1 << 63) - 1
LONGEST_TEXT = 100000
# Terminals obey these: they move the cursor, colour, rename the window, turn the direction of writing.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Field(NamedTuple):
    """A field that may be missing, or null, or both."""

    check: Check
    missing: bool
    null: bool


def maybe(check: Check) -> Field:
    """Missing, null, or such."""
    return Field(check, True, True)


def absent(check: Check) -> Field:
    """Missing, or such."""
    return Field(check, True, False)


def null(check: Check) -> Field:
    """Null, or such."""
    return Field(check, False, True)


def whole(low: int = 0, high: int = LONGEST_NS) -> Check:
    """An integer from `low` to `high`."""
    return lambda value: None if type(value) is int and low <= value <= high else ""


def number(value: Any) -> Optional[str]:
    """A finite number."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e30
    return None if fits and math.isfinite(value) else ""


def above_zero(value: Any) -> Optional[str]:
    return None if number(value) is None and value > 0 else ""


def share(value: Any) -> Optional[str]:
    return None if number(value) is None and 0 <= value <= 1 else ""


def text(value: Any) -> Optional[str]:
    """Without the characters by which a printed table could change what stands beside it."""
    fits = isinstance(value, str) and len(value) <= LONGEST_TEXT and not OBEYED.search(value)
    return None if fits else ""


def line(value: Any) -> Optional[str]:
    """A text that stands in one line of a table."""
    return None if text(value) is None and "\n" not in value else ""


def name(value: Any) -> Optional[str]:
    """A text that may become part of a file's name."""
    fits = line(value) is None and 0 < len(value) <= 200 and "/" not in value and value not in (".", "..")
    return None if fits else ""


def flag(value: Any) -> Optional[str]:
    return None if isinstance(value, bool) else ""


def plain(value: Any) -> Optional[str]:
    """A text, a number, true, false or null."""
    return None if value is None or flag(value) is None or number(value) is None or text(value) is None else ""


def anything(value: Any) -> Optional[str]:
    return None


def one_of(*values: Any) -> Check:
    return lambda value: None if isinstance(value, str) and value in values else ""


def many(check: Check) -> Check:
    """A list of such values."""

    def checked(value: Any) -> Optional[str]:
        if not isinstance(value, list):
            return ""
        found = ((index, check(inner)) for index, inner in enumerate(value))
        return next(("[{}]{}".format(index, place) for index, place in found if place is not None), None)

    return checked


def named(check: Check) -> Check:
    """An object whose values are all such, under names of one line."""

    def checked(value: Any) -> Optional[str]:
        if not isinstance(value, dict):
            return ""
        if any(line(key) is not None for key in value):
            return ""
        found = ((key, check(inner)) for key, inner in value.items())
        return next((".{}{}".format(key, place) for key, place in found if place is not None), None)

    return checked


def record(**fields: Any) -> Check:
    """An object with such fields, and any others."""
    wanted = {key: field if isinstance(field, Field) else Field(field, False, False) for key, field in fields.items()}
    needed = [key for key, field in wanted.items() if not field.missing]

    def checked(value: Any) -> Optional[str]:
        if not isinstance(value, dict):
            return ""
        for key in needed:
            if key not in value:
                return "." + key
        for key, inner in value.items():
            field = wanted.get(key)
            if field is None or (inner is None and field.null):
                continue
            place = field.check(inner)
            if place is not None:
                return ".{}{}".format(key, place)
        return None

    return checked
