"""harness meters emulate: a serial meter on a pseudo-terminal."""

import sys
from typing import Tuple

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: Tuple[str, ...]) -> None:
    """Emulate a serial meter on a pseudo-terminal, until stdin ends or Ctrl-C.

    Takes KIND --profile const:W|sine|steps|cpu|file:PATH and more: `harness meters emulate --help`. What is measured
    through it is marked as simulated.
    """
    from meters.emulators.__main__ import main

    sys.exit(main(list(arguments)))
