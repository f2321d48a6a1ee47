"""Holds the board in a power mode, with locked or free clocks, for as long as a run takes, and not a moment longer."""

import time
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Callable, Iterator, NamedTuple, Optional, Tuple, Union

from harness.board import modes, restore
from harness.board.nodes import l4t, pinned, text
from harness.child import Child
from harness.errors import UserError

SETTLE_S = 10.0  # after a change of mode
LOCKED, FREE = "locked", "free"


class Asked(NamedTuple):
    """The power state that a run asks for; None leaves a part of it as it is."""

    power_mode: Union[int, str, None] = None
    clocks: Optional[str] = None


@contextmanager
def held(asked: Asked, say: Callable[[str], None], root: Path = Path("/")) -> Iterator[None]:
    """Hold the board in the state that is asked for; what was before is put back however this process ends.

    Where nothing is asked for nothing is done; where it can't be had, UserError, and nothing has changed.
    """
    if asked == Asked():
        yield
        return
    if not l4t(root):
        raise UserError(
            "nvpmodel and jetson_clocks set power_mode and clocks, and this machine is no Jetson: leave them out",
            code=2,
        )
    try:
        with _guard():
            before, wanted = _checked(asked, root)
            lock_clocks = asked.clocks == LOCKED and not pinned(root)
            if wanted.number != before.number or lock_clocks:
                _store_clocks()
                restore.remember(before)
                _change(before, wanted, lock_clocks, say)
            yield
    finally:
        restore.recover(say)  # where the guard could not


def _checked(asked: Asked, root: Path) -> Tuple[modes.Mode, modes.Mode]:
    """The mode that the board is in, and the one that is wanted; UserError where that can't be had."""
    before = modes.current(restore.as_root("nvpmodel", "-q"))
    if before is None:
        raise UserError("nvpmodel -q does not tell the power mode, so it could not be put back: it is left as it is")
    if asked.clocks == FREE and pinned(root):
        raise UserError(
            "clocks=free is asked for, and something has pinned them: sudo jetson_clocks --restore FILE, or reboot"
        )
    if asked.power_mode is None:
        return before, before
    told = restore.as_root("nvpmodel", "-p", "--verbose")
    return before, modes.choose(asked.power_mode, modes.available(told + text(root / "etc/nvpmodel.conf")))


def _store_clocks() -> None:
    """Keep the clocks as they are, in a new file: nobody is there to allow that an old one is overwritten."""
    if restore.clocks_file().exists():
        restore.clocks_file().unlink()
    restore.as_root("jetson_clocks", "--store", str(restore.clocks_file()))


@contextmanager
def _guard() -> Iterator[None]:
    answers: Queue = Queue()
    with Child("harness.board.guard", inbox=answers) as guard:
        _, message = answers.get()
        if message is None or "error" in message:
            reason = guard.ending() if message is None else message["error"]
            raise UserError(f"the power state cannot be held ({reason}): nothing was changed")
        yield


def _change(before: modes.Mode, wanted: modes.Mode, lock_clocks: bool, say: Callable[[str], None]) -> None:
    if wanted.number != before.number:
        restore.as_root("nvpmodel", "-m", str(wanted.number))
        now = modes.current(restore.as_root("nvpmodel", "-q"))
        if now is None or now.number != wanted.number:
            raise UserError(
                f"the board did not change to power mode {wanted.number} ({wanted.name}), as one that first wants a "
                f"reboot does: sudo nvpmodel -m {wanted.number} by hand, reboot, and run the same command again"
            )
        say(f"power mode {wanted.number} ({wanted.name}), was {before.number} ({before.name})")
        time.sleep(SETTLE_S)
    if lock_clocks:
        restore.as_root("jetson_clocks")
        say("clocks locked at the highest of this power mode")
