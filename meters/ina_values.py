"""From the text of INA3221 nodes to a row of values, fast, for it happens while others are measured."""

import errno
import itertools
import os
from pathlib import Path
from typing import Optional, Sequence, Tuple

from meters.base import Row
from meters.errors import MeterError
from meters.ina_sysfs import not_permitted

NOT_AVAILABLE = (errno.ENODATA, errno.EAGAIN)  # channel switched off; zone power-gated
LONGEST = 16  # bytes of one number
MOST_TEXTS = 10000
_LENGTHS, _OFFSETS = itertools.repeat(LONGEST), itertools.repeat(0)


def open_node(path: Path) -> int:
    """A file descriptor that every later reading uses."""
    try:
        return os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        raise not_permitted(path) from None
    except OSError as error:
        raise gone(path, error) from None


class Milli(dict):
    """The thousandth of the number in a node's text, remembered: a chip has few levels, and shows them often."""

    def __missing__(self, text: bytes) -> float:
        if len(self) >= MOST_TEXTS:
            self.clear()
        self[text] = int(text) / 1000
        return self[text]


def read_quickly(milli: Milli, files: Sequence[int]) -> Tuple[float, ...]:
    """The values of all nodes, without a step of the interpreter between them; any doubt is an exception."""
    return tuple(map(milli.__getitem__, map(os.pread, files, _LENGTHS, _OFFSETS)))


def read_carefully(file: int, path: Path) -> Optional[float]:
    """The value of one node after a quick reading failed; None when its driver says that there is none now."""
    try:
        text = os.pread(file, LONGEST, 0)
    except OSError as error:
        if error.errno in NOT_AVAILABLE:
            return None
        raise gone(path, error) from None
    try:
        return int(text) / 1000 if text.strip() else None
    except ValueError:
        raise MeterError(f"ina3221: {path} holds {text!r} instead of a number") from None


def milli_beside(path: Path) -> Optional[float]:
    """Volts or amperes for the reader's eye; None where the node is closed, which spoils no measurement."""
    try:
        return int(path.read_text()) / 1000
    except (OSError, ValueError):
        return None


def with_power(values: Sequence[Optional[float]]) -> Row:
    """From volts and amperes by turns: watts, volts, amperes of each rail."""
    row: list = []
    for volts, amps in zip(values[::2], values[1::2]):
        row += (None if volts is None or amps is None else volts * amps, volts, amps)
    return tuple(row)


def gone(path: Path, error: OSError) -> MeterError:
    """The sentence about a node that was there."""
    return MeterError(
        f"ina3221: {path} can no longer be read ({error.strerror}): the rail has disappeared, see dmesg for its chip"
    )
