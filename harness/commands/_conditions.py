"""Options of `harness run` for the conditions under which it measures; each replaces the study's key of that name."""

from dataclasses import replace
from typing import Any, Callable, Dict

import click

OPTIONS = (
    click.option(
        "--power-mode",
        metavar="N|NAME",
        default=None,
        help="Mode of nvpmodel for the run, put back afterwards; needs sudo without a password. [default: as it is]",
    ),
    click.option(
        "--clocks",
        type=click.Choice(["locked", "free"]),
        default=None,
        help="locked: by jetson_clocks for the run, put back afterwards. free: not pinned. [default: as they are]",
    ),
    click.option(
        "--cooldown",
        "cooldown_below_C",
        type=click.FloatRange(min=0),
        metavar="DEGREES",
        default=None,
        help="Start each stage only when every thermal zone is below so many degrees C; 0: at once. [default: 0]",
    ),
    click.option(
        "--cooldown-timeout",
        "cooldown_timeout_s",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        default=None,
        help="Start all the same after waiting so long for that. [default: 900]",
    ),
    click.option(
        "--keep-checkpoints",
        is_flag=True,
        default=None,
        help="Keep the checkpoint, and with it the trained weights, of each finished stage. [default: remove it]",
    ),
)


def options(command: Callable) -> Callable:
    """The command with these options."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def applied(study: Any, asked: Dict[str, Any]) -> Any:
    """The study with what the command line asks for in place of its own keys."""
    return replace(study, **{key: value for key, value in asked.items() if value is not None})
