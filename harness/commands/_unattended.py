"""Options of `harness run` for runs that nobody watches."""

import json
import sys
from pathlib import Path
from typing import Any, Callable

import click


def options(command: Callable) -> Callable:
    """The command with --detach and --at-boot."""
    detach = click.option(
        "--detach", is_flag=True, help="Run in the background, with the output in a log; closing the terminal is fine."
    )
    at_boot = click.option(
        "--at-boot",
        is_flag=True,
        help="Have systemd take this run up again at each start of the machine until it is complete.",
    )
    return detach(at_boot(command))


def in_background(folder: Any, out: str, as_json: bool) -> None:
    """Start this very command again in the background; tells how to follow it and how to stop it."""
    from harness.unattended import at_boot, detach

    process = detach.detached(at_boot.without(sys.argv[1:], "--detach"), folder)
    if as_json:
        return click.echo(json.dumps({"process": process, "log": str(folder.log)}, indent=1))
    click.echo(f"process {process} runs in the background; the same command resumes it after a stop", err=True)
    click.echo(f"  follow: tail -f {folder.log}\n  status: harness status {out}\n  stop:   kill {process}", err=True)
    click.echo(str(folder.log))


def install(study: str) -> None:
    """Install the unit that takes this very command up again."""
    from harness.unattended import at_boot

    arguments = at_boot.without(sys.argv[1:], "--detach")
    at_boot.install(study, arguments, Path.cwd(), lambda sentence: click.echo(sentence, err=True))


def complete(study: str) -> None:
    """Nothing is left to be taken up again."""
    from harness.unattended import at_boot

    at_boot.remove(study)
