"""From the text of an INA3221 node to a number: what one file may say, and what a row of them means."""

import errno
import os
from pathlib import Path
from typing import Optional, Sequence

from meters.base import Row
from meters.errors import MeterError
from meters.ina_sysfs import not_permitted

NOT_AVAILABLE = (errno.ENODATA, errno.EAGAIN)  # channel switched off; zone power-gated
LONGEST = 16  # bytes of one number

Numbers = Sequence[Optional[int]]


def open_node(path: Path) -> int:
    """A file descriptor that every later reading uses."""
    try:
        return os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        raise not_permitted(path) from None
    except OSError as error:
        raise _gone(path, error) from None


def careful_number(file: int, path: Path) -> Optional[int]:
    """The number of a node that a quick reading stumbled over; None when its driver says that there is none now."""
    try:
        text = os.pread(file, LONGEST, 0)
    except OSError as error:
        if error.errno in NOT_AVAILABLE:
            return None
        raise _gone(path, error) from None
    try:
        return int(text) if text.strip() else None
    except ValueError:
        raise MeterError(f"ina3221: {path} holds {text!r} instead of a number; is this the right root?") from None


def milli_beside(path: Path) -> Optional[float]:
    """Volts or amperes for the reader's eye; None where the node is closed, which spoils no measurement."""
    try:
        return int(path.read_text()) / 1000
    except (OSError, ValueError):
        return None


def from_milliwatts(numbers: Numbers) -> Row:
    """R32: the watts of each rail."""
    return tuple([None if number is None else number / 1000 for number in numbers])


def from_millivolts_and_milliamps(numbers: Numbers) -> Row:
    """hwmon: the watts, volts and amperes of each rail, P = V * I."""
    row: list = []
    for millivolts, milliamps in zip(numbers[::2], numbers[1::2]):
        if millivolts is None or milliamps is None:
            row += (None, None, None)
        else:
            row += (millivolts * milliamps / 1e6, millivolts / 1000, milliamps / 1000)
    return tuple(row)


def _gone(path: Path, error: OSError) -> MeterError:
    return MeterError(
        f"ina3221: {path} can no longer be read ({error.strerror}): the rail has disappeared, see dmesg for its chip"
    )
