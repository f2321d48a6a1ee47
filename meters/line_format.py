"""Declared lines of text: which field is what, in which unit, and whether a check follows.

A declaration is units joined by +, in order (`seq+us+mV+mA+mW`), or for named fields `field:unit` (`bus:mV+load:mA`).
"""

import json
import re
from functools import lru_cache, reduce
from operator import xor
from typing import Any, Dict, Iterable, NamedTuple, Optional, Tuple

from meters.errors import MeterError

UNITS: Dict[str, Tuple[str, int]] = {  # quantity, and how many of this unit make one of it
    "V": ("voltage_V", 1),
    "mV": ("voltage_V", 10**3),
    "uV": ("voltage_V", 10**6),
    "A": ("current_A", 1),
    "mA": ("current_A", 10**3),
    "uA": ("current_A", 10**6),
    "W": ("power_W", 1),
    "mW": ("power_W", 10**3),
    "uW": ("power_W", 10**6),
    "Wh": ("energy_Wh", 1),
    "mWh": ("energy_Wh", 10**3),
    "J": ("energy_J", 1),
    "mJ": ("energy_J", 10**3),
    "C": ("temperature_C", 1),
    "s": ("device_s", 1),
    "ms": ("device_s", 10**3),
    "us": ("device_s", 10**6),
    "seq": ("seq", 1),
    "-": ("", 1),
}
FORMATS = ("csv", "json", "kv")
CHECKS = ("none", "xor")
LONGEST_LINE = 1000
LARGEST = 1e12
LONGEST_UPTIME_S = 1e9
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([Ee][+-]?\d{1,2})?\Z")
_NOT_AVAILABLE = ("", "nan", "null", "none", "-")
_PAIR = re.compile(r"([A-Za-z_]\w*)\s*[=:]\s*([^\s,;]*)")


class Layout(NamedTuple):
    """`fields`: (key, quantity, units in one) of what is kept; the key is a position in csv, a name otherwise."""

    form: str
    fields: Tuple[Tuple[Any, str, int], ...]
    n_fields: int
    checked: bool


@lru_cache(maxsize=None)
def layout(form: str, columns: str, checksum: str) -> Layout:
    """The declaration, understood; raises MeterError with the alternatives."""
    _one_of(FORMATS, "format", form)
    _one_of(CHECKS, "checksum", checksum)
    parts = [part.rpartition(":") for part in columns.split("+")]
    for name, colon, unit in parts:
        _one_of(UNITS, "unit", unit)
        if bool(colon) != (form != "csv") or bool(name) != (form != "csv"):
            wanted = "units alone, as in columns=seq+us+mV+mA" if form == "csv" else "field:unit, as in columns=v:V+i:A"
            raise MeterError(f"line: columns={columns} does not fit format={form}, which takes {wanted}")
    keys = range(len(parts)) if form == "csv" else [name for name, _, _ in parts]
    fields = tuple((key, *UNITS[unit]) for key, (_, _, unit) in zip(keys, parts) if unit != "-")
    quantities = [quantity for _, quantity, _ in fields]
    if len(set(quantities)) < len(quantities):
        raise MeterError(f"line: columns={columns} has a quantity twice")
    if "power_W" not in quantities and not {"voltage_V", "current_A"} <= set(quantities):
        raise MeterError(f"line: columns={columns} has no power: declare W, mW or uW, or both volts and amperes")
    return Layout(form, fields, len(parts), checksum == "xor")


def parse(frame: bytes, how: Layout) -> Dict[str, Any]:
    """Quantities by name, watts from volts times amperes where the line has none; MeterError for any other line."""
    if len(frame) > LONGEST_LINE:
        raise MeterError(f"a line of {len(frame)} bytes is not one of a meter")
    text = _checked(bytes(frame).strip(), how.checked).decode("ascii", "replace")
    values = _SPLIT[how.form](text, how.n_fields)
    try:
        reading = {quantity: _number(values[key], steps) for key, quantity, steps in how.fields}
    except KeyError as error:
        raise MeterError(f"the line {text!r} has no field {error}") from None
    device_s = reading.get("device_s", 0.0)
    if device_s is None or not 0 <= device_s < LONGEST_UPTIME_S:
        raise MeterError(f"the line {text!r} has no device time that can be true")
    if "power_W" not in reading:
        volts, amps = reading["voltage_V"], reading["current_A"]
        reading["power_W"] = None if volts is None or amps is None else volts * amps
    return reading


def xor_check(text: bytes) -> bytes:
    """What follows a `*`: the exclusive or of the bytes before it, as NMEA has it."""
    return b"%02X" % reduce(xor, text, 0)


def _checked(line: bytes, checked: bool) -> bytes:
    if not checked:
        return line
    text, star, check = line.rpartition(b"*")
    if not star or check.upper() != xor_check(text):
        raise MeterError(f"line with a wrong check: {line!r}")
    return text


def _csv(text: str, n_fields: int) -> Dict[Any, Any]:
    values = text.split(",")
    if len(values) != n_fields:
        raise MeterError(f"a line with {len(values)} fields instead of {n_fields}: {text!r}")
    return dict(enumerate(values))


def _json(text: str, n_fields: int) -> Dict[Any, Any]:
    try:
        values = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise MeterError(f"no JSON object: {text!r}")
    return {key: "" if value is None else value for key, value in values.items()}


def _kv(text: str, n_fields: int) -> Dict[Any, Any]:
    return dict(_PAIR.findall(text))


_SPLIT = {"csv": _csv, "json": _json, "kv": _kv}


def _number(text: Any, steps: int) -> Optional[float]:
    if not isinstance(text, str):
        raise MeterError(f"{text!r} is not a number")
    text = text.strip()
    if text.lower() in _NOT_AVAILABLE:
        return None
    if not _NUMBER.match(text):
        raise MeterError(f"{text!r} is not a number")
    value = float(text) / steps
    if abs(value) > LARGEST:
        raise MeterError(f"{text!r} is beyond any meter")
    return value


def _one_of(known: Iterable[str], what: str, value: str) -> None:
    if value not in known:
        raise MeterError(f"line: {what} {value!r} is unknown; there are: {', '.join(known)}")
