"""A systemd user unit that takes a run up again when the machine starts, until the run is complete."""

import getpass
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, List, Sequence, Tuple

from harness.errors import UserError

KEPT = ("PATH", "PYTHONPATH", "XDG_STATE_HOME", "OPENBLAS_CORETYPE")  # what a unit's environment would lack


def name(study: str) -> str:
    """The unit of a study."""
    return f"edge-energy-{re.sub(r'[^A-Za-z0-9_.-]', '-', study)}.service"


def path(study: str) -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(home) / "systemd" / "user" / name(study)


def unit(study: str, arguments: Sequence[str], folder: Path) -> str:
    """The unit's text: `harness ARGUMENTS`, run in `folder`.

    Only the run itself is asked to end (KillMode=mixed): it closes the traces, and its guard puts the power mode back.
    """
    kept = [f"Environment={_quoted(f'{key}={os.environ[key]}')}\n" for key in KEPT if os.environ.get(key)]
    command = " ".join(_quoted(word) for word in [sys.executable, "-m", "harness", *arguments])
    return (
        f"[Unit]\nDescription=harness run {study}, taken up again when the machine starts\n\n"
        f"[Service]\nWorkingDirectory={str(folder).replace('%', '%%')}\n{''.join(kept)}ExecStart={command}\n"
        "KillMode=mixed\nTimeoutStopSec=180\n\n"
        "[Install]\nWantedBy=default.target\n"
    )


def install(study: str, arguments: Sequence[str], folder: Path, say: Callable[[str], None]) -> None:
    """Write the unit and have it started at each boot; says what has to be done once, and how to remove it."""
    text, place = unit(study, arguments, folder), path(study)
    if not place.exists() or place.read_text() != text:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        try:
            _systemctl("daemon-reload")
            _systemctl("enable", name(study))
        except UserError:
            place.unlink()
            raise
    if not _lingers():
        say(
            "note: user units start at boot only for a user who lingers, otherwise at the next log-in; once: "
            f"sudo loginctl enable-linger {getpass.getuser()}"
        )
    say(
        f"at boot: {place} takes this run up again until it is complete, and is then removed; to remove it before: "
        f"systemctl --user disable {name(study)} && rm {place}"
    )


def remove(study: str) -> None:
    """Take the unit away; one that is not there is no error."""
    if path(study).exists():
        _systemctl("disable", name(study))
        path(study).unlink()
        _systemctl("daemon-reload")


def _systemctl(*arguments: str) -> None:
    status, said = _ask("systemctl", "--user", *arguments)
    if status != 0:
        raise UserError(
            f"systemctl --user {' '.join(arguments)} failed ({said or f'exit status {status}'}): --at-boot needs "
            "systemd and a session of this user; leave it out and start the same command by hand after a power cut"
        )


def _lingers() -> bool:
    status, said = _ask("loginctl", "show-user", getpass.getuser(), "--property=Linger")
    return status == 0 and said == "Linger=yes"


def _ask(*command: str) -> Tuple[int, str]:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def _quoted(word: str) -> str:
    return '"' + _escaped(word).replace("$", "$$") + '"'


def _escaped(word: str) -> str:
    """For a unit file, in which % begins a specifier."""
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def without(arguments: List[str], *flags: str) -> List[str]:
    """The arguments of a command without some flags."""
    return [argument for argument in arguments if argument not in flags]
