"""Power modes as nvpmodel tells of them: the one that is set, and those that the board has."""

import re
from typing import Dict, NamedTuple, Optional, Union

from harness.errors import UserError


class Mode(NamedTuple):
    """A power mode by its number and its name, such as 3 and MAXP_CORE_ARM."""

    number: int
    name: str


def current(said: str) -> Optional[Mode]:
    """The mode in the answer to `nvpmodel -q`, None where it holds none."""
    found = re.search(r"NV Power Mode: *(\S+)\s+(\d+)", said)
    return Mode(int(found.group(2)), found.group(1)) if found else None


def available(said: str) -> Dict[int, str]:
    """Names of the board's modes by number, from the answer to `nvpmodel -p --verbose` or from its configuration."""
    return {int(number): name for number, name in re.findall(r"POWER_MODEL:? ID=(\d+) NAME=(\S+)", said)}


def choose(asked: Union[int, str], modes: Dict[int, str]) -> Mode:
    """The mode with this number or name; one that the board does not have raises UserError with those it has."""
    for number, name in modes.items():
        if str(asked) in (str(number), name):
            return Mode(number, name)
    if not modes and str(asked).isdigit():
        return Mode(int(asked), "which this board does not name")
    there_are = ", ".join(f"{number} ({name})" for number, name in sorted(modes.items()))
    raise UserError(f"this board has no power mode {asked!r}; there are: {there_are or 'none that it tells'}", code=2)
