"""What a run changed of the board's power state, kept on disk until it is put back: by its guard, or after a power cut.

The power mode survives a reboot, pinned clocks do not.
"""

import fcntl
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

from harness import machine, rundir
from harness.board import modes
from harness.errors import UserError

TIMEOUT_S = 60.0


def folder() -> Path:
    """Where a user's state is kept: any later command finds it there, whatever run directory it is given."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(home) / "edge-energy-harness"


def state_file() -> Path:
    return folder() / "power.json"


def clocks_file() -> Path:
    """What `jetson_clocks --store` writes."""
    return folder() / "clocks.conf"


def remember(before: modes.Mode) -> None:
    """Keep on disk that the board was in this mode, with the clocks of `clocks_file`, before it is changed."""
    held = {"schema": 1, "boot_id": machine.boot_id(), "mode": before._asdict()}
    rundir.write(state_file(), lambda file: file.write(json.dumps(held).encode()))


def put_back() -> str:
    """Put the board back into the state that is kept, and forget it; returns what was done. Needs the lock."""
    held = _kept()
    before = modes.Mode(**held["mode"])
    if modes.current(as_root("nvpmodel", "-q")) != before:
        as_root("nvpmodel", "-m", str(before.number))
    if held["boot_id"] == machine.boot_id():
        as_root("jetson_clocks", "--restore", str(clocks_file()))
    state_file().unlink()
    return f"the board is back in power mode {before.number} ({before.name}), its clocks as they were"


def recover(say: Callable[[str], None]) -> None:
    """What every command does first: put back what a run that is over could not."""
    if not state_file().exists():
        return
    try:
        with lock(patience_s=0):
            if state_file().exists():
                say(f"a run ended without putting the power state back: {put_back()}")
    except Busy:
        pass  # that run, or its guard, is at work
    except UserError as error:
        say(f"warning: the power state of an interrupted run could not be put back: {error}")


class Busy(UserError):
    """Another run holds the board in a power state."""


@contextmanager
def lock(patience_s: float) -> Iterator[None]:
    """Held by whoever may change or put back the power state; the kernel drops it when the holder ends."""
    folder().mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_s
    with open(str(folder() / "power.lock"), "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy("another run holds this board in a power state: wait for its end") from None
                time.sleep(0.1)
        yield


def as_root(*command: str) -> str:
    """What a command prints that only root may run; UserError where it is refused or fails. Never asks a password."""
    direct = os.geteuid() == 0 and shutil.which("sudo") is None
    try:
        done = subprocess.run(
            ([] if direct else ["sudo", "-n"]) + list(command),
            stdin=subprocess.DEVNULL,  # a mode that wants a reboot asks for it, and gets no answer
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{command[0]} cannot be run ({error}): is this board's NVIDIA software complete?") from error
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        reason = said.splitlines()[-1] if said else f"exit status {done.returncode}"
        raise UserError(
            f"sudo -n {' '.join(command)} failed ({reason}): the power state can be set only where nvpmodel and "
            "jetson_clocks need no password (docs/jetson.md); or set it by hand and leave power_mode and clocks out"
        )
    return said


def _kept() -> Dict[str, Any]:
    try:
        return json.loads(state_file().read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{state_file()} is not readable ({error}): look at the power mode (nvpmodel -q), then remove the file"
        ) from error
