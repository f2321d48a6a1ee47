"""Reading raw bytes of a meter's line as if a stranger had made the file: all is checked, a torn tail is left out."""

import json
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from meters.errors import MeterError
from meters.raw import KINDS, PIECE, VERSION

_LONGEST_LINE, _LONGEST_PIECE = 1 << 16, 1 << 20


class Piece(NamedTuple):
    t_ns: int
    kind: bytes
    data: bytes


def is_raw(path: str) -> bool:
    """Whether the file begins as one of raw bytes does."""
    try:
        with open(path, "rb") as file:
            return file.read(8).startswith(b'{"raw"')
    except OSError:
        return False


def read_raw(path: str) -> Tuple[Dict[str, Any], List[Piece]]:
    """Head and pieces; a torn tail is left out, anything else that is wrong is a MeterError."""
    try:
        with open(path, "rb") as file:
            head, data = _head(file.readline(_LONGEST_LINE)), file.read()
    except OSError as error:
        raise MeterError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise MeterError(f"{path} does not begin as raw bytes of a meter do: {error!r}") from error
    return head, list(_pieces(path, data))


def _head(line: bytes) -> Dict[str, Any]:
    head = json.loads(line.decode())
    if head["raw"] != VERSION:
        raise ValueError(f"version {head['raw']} instead of {VERSION}")
    if not isinstance(head["meter"]["kind"], str) or not isinstance(head["meter"]["options"], dict):
        raise ValueError("no meter")
    return dict(head, simulated=bool(head["simulated"]))


def _pieces(path: str, data: bytes) -> Iterator[Piece]:
    at, last_ns = 0, 0
    while at + PIECE.size <= len(data):
        t_ns, kind, length = PIECE.unpack_from(data, at)
        if kind not in KINDS or length > _LONGEST_PIECE or t_ns < last_ns:
            raise MeterError(f"{path} is damaged at byte {at} behind its first line")
        at, last_ns = at + PIECE.size + length, t_ns
        if at <= len(data):
            yield Piece(t_ns, kind, data[at - length : at])
