"""Checks and JSON forms that the records of a job share."""

from dataclasses import MISSING, fields
from typing import Any

from workloads import WorkloadError


def settle_numbers(record):
    """Make each number one of its field's type, so that 1 and 1.0 give one record and one hash, or raise."""
    for field in fields(record):
        value = getattr(record, field.name)
        if field.type is float and _is_number(value):
            object.__setattr__(record, field.name, float(value))
        elif field.type is float or (field.type is int and not _is_whole(value)):
            kind = "number" if field.type is float else "whole number"
            raise WorkloadError(f"{field.name} is {value!r}: it must be a {kind}")
        elif field.type is bool and not isinstance(value, bool):
            raise WorkloadError(f"{field.name} is {value!r}: it must be true or false")


def at_least(record, name, least):
    """Raises unless the field is a whole number >= least, or absent."""
    value = getattr(record, name)
    if value is not None and not (_is_whole(value) and value >= least):
        raise WorkloadError(f"{name} is {value!r}: it must be a whole number, {least} or more")


def above(record, name, bound):
    """Raises unless the field is a finite number above the bound."""
    value = getattr(record, name)
    if not bound < value < float("inf"):
        raise WorkloadError(f"{name} is {value!r}: it must be more than {bound}")


def not_negative(record, name):
    """Raises unless the field is a finite number, 0 or more."""
    value = getattr(record, name)
    if not 0 <= value < float("inf"):
        raise WorkloadError(f"{name} is {value!r}: it must be 0 or more")


def below_one(record, name):
    """Raises unless the field is a share that leaves something: 0 or more and less than 1."""
    value = getattr(record, name)
    if not 0 <= value < 1:
        raise WorkloadError(f"{name} is {value!r}: it must be 0 or more, and less than 1")


def one_of(what, value, allowed):
    """Raises unless value is one of those allowed."""
    if value not in allowed:
        raise WorkloadError(f"no {what} {value!r}; there are: {', '.join(allowed)}")


def known_fields(record, values):
    """Raises for a key of `values` that is no field of the record class."""
    names = [field.name for field in fields(record)]
    for name in sorted(set(values) - set(names)):
        raise WorkloadError(f"no field {name!r} in {record.__name__}; there are: {', '.join(names)}")


def plain(value, whole=False):
    """The JSON form of a record: every field when `whole`, else those not at their default."""
    if isinstance(value, tuple):
        return [plain(item, whole) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    return {
        field.name: plain(getattr(value, field.name), whole)
        for field in fields(value)
        if whole or field.default is MISSING or getattr(value, field.name) != field.default
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
