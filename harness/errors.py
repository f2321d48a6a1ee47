"""The error a user sees: one sentence and the exit status that goes with it."""

import errno
from typing import Optional

_MEND = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
        "what was confirmed before is on disk: make room or mend the disk, then run the same command again",
    ),
    **dict.fromkeys(
        (
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOENT,
            errno.ENOTDIR,
            errno.EISDIR,
            errno.EEXIST,
            errno.ENAMETOOLONG,
        ),
        "name another place, or mend the permissions of this one, then run the same command again",
    ),
}


class UserError(Exception):
    """What is wrong, what the alternatives are and what to do; `code` 1 = failed, 2 = misused."""

    def __init__(self, sentence: str, code: int = 1):
        super().__init__(sentence)
        self.code = code


def of_disk(error: OSError) -> Optional[str]:
    """What a disk or a folder has refused, as a sentence; None for an error of another kind."""
    if error.errno not in _MEND:
        return None
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror}{where}; {_MEND[error.errno]}"
