"""The lines of a file that a run appends to."""

from pathlib import Path
from typing import Iterator

from harness.errors import UserError


def whole_lines(path: Path, largest_bytes: int, what: str) -> Iterator[bytes]:
    """Each line without its end, none where there is no file; what a crash left of the last one is dropped.

    UserError for a file that is too large to hold `what` of a run.
    """
    if not path.is_file():
        return
    if path.stat().st_size > largest_bytes:
        raise UserError(f"{path} is larger than any run writes ({largest_bytes >> 20} MB): it holds no {what}")
    with open(str(path), "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]
