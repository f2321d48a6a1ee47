"""Replies of power analysers: lists of numbers by item (Yokogawa, GW Instek) and named values (HIOKI)."""

import re
from typing import Dict, List, Optional, Sequence, Tuple

from meters.errors import MeterError

Reading = Dict[str, Optional[float]]

QUANTITIES = {
    "U": "voltage_V",
    "URMS": "voltage_V",
    "UDC": "voltage_V",
    "UMN": "voltage_V",
    "I": "current_A",
    "IRMS": "current_A",
    "IDC": "current_A",
    "IMN": "current_A",
    "P": "power_W",
    "S": "apparent_VA",
    "Q": "reactive_var",
    "LAMBDA": "power_factor",
    "PF": "power_factor",
    "PHI": "phase_deg",
    "FU": "frequency_Hz",
    "FREQU": "frequency_Hz",
    "FI": "current_frequency_Hz",
    "FREQI": "current_frequency_Hz",
    "WH": "energy_Wh",
    "WP": "energy_Wh",
    "WHP": "energy_Wh",
    "WHM": "returned_energy_Wh",
    "AH": "charge_Ah",
    "WQ": "reactive_energy_varh",
    "TIME": "integration_s",
}
NOT_A_NUMBER = (b"NAN", b"INF", b"+INF", b"-INF")
LARGEST = 9.9e37  # from here on SCPI means infinity (9.9E37) or no number (9.91E37)
_NUMBER = re.compile(rb"[+-]?\d{1,20}(\.\d{0,20})?([Ee][+-]?\d{1,3})?\Z")
_ITEM = re.compile(r"([A-Za-z]+?),?(\d?)\Z")
_NAMED = re.compile(rb"([A-Za-z]+\d?) +(\S+)\Z")
LONGEST_REPLY = 4096


def quantity(item: str) -> str:
    """The name of what an item is; of a second element and above with that element in front."""
    match = _ITEM.match(item)
    if match is None or match.group(1).upper() not in QUANTITIES:
        raise MeterError(
            f"item {item!r} is unknown; there are: {', '.join(QUANTITIES)}, each with an element behind it"
        )
    name, element = QUANTITIES[match.group(1).upper()], match.group(2)
    return name if element in ("", "1") else f"element{element}_{name}"


def decode_list(reply: bytes, items: Sequence[str]) -> Reading:
    """Values between commas, in the order of the items."""
    values = _text(reply).split(b",")
    if len(values) != len(items):  # such as an old reply that was never read
        raise MeterError(f"a reply with {len(values)} values instead of {len(items)}: {bytes(reply)!r}")
    return dict(_unique([(quantity(item), _number(value)) for item, value in zip(items, values)]))


def decode_named(reply: bytes, items: Sequence[str] = ()) -> Reading:
    """`NAME value` between semicolons; with items, those must be there and no others."""
    pairs = []
    for part in _text(reply).split(b";"):
        match = _NAMED.match(part.strip())
        if match is None:
            raise MeterError(f"a reply without named values: {bytes(reply)!r}")
        pairs.append((quantity(match.group(1).decode()), _number(match.group(2))))
    if items and [name for name, _ in pairs] != [quantity(item) for item in items]:
        raise MeterError(f"a reply with other values than {', '.join(items)}: {bytes(reply)!r}")
    return dict(_unique(pairs))


def _text(reply: bytes) -> bytes:
    if len(reply) > LONGEST_REPLY:
        raise MeterError(f"a reply of {len(reply)} bytes is none of a power analyser")
    return bytes(reply).strip(b"\r\n ")


def _number(text: bytes) -> Optional[float]:
    text = text.strip()
    if text.upper() in NOT_A_NUMBER:
        return None
    if not _NUMBER.match(text):
        raise MeterError(f"{text!r} is not a number")
    value = float(text)
    return value if abs(value) < LARGEST else None


def _unique(pairs: List[Tuple[str, Optional[float]]]) -> List[Tuple[str, Optional[float]]]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise MeterError(f"two of the items are the same quantity: {', '.join(names)}")
    return pairs
