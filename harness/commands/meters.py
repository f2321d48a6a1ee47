"""harness meters: list the kinds of power meter, or emulate one."""

import ast
import json
import sys
from pathlib import Path
from typing import Dict, Tuple

import click


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the kinds of power meter that --meter takes."""
    if context.invoked_subcommand:
        return
    purposes = _purposes()
    if as_json:
        return click.echo(json.dumps(purposes, indent=1))
    for kind, purpose in purposes.items():
        click.echo(f"{kind:12s} {purpose}")


def _purposes() -> Dict[str, str]:
    """What each kind is, from the first line of its file; nothing is imported that a machine may lack."""
    import meters
    from meters.spec import kinds

    folder = Path(meters.__file__).parent
    return {kind: _first_line(folder / (kind + ".py")) for kind in kinds()}


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


@command.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def emulate(arguments: Tuple[str, ...]) -> None:
    """Emulate a serial meter on a pseudo-terminal, until stdin ends or Ctrl-C.

    Takes KIND --profile const:W|sine|steps|cpu|file:PATH and more: `harness meters emulate --help`. What is measured
    through it is marked as simulated.
    """
    from meters.emulators.__main__ import main

    sys.exit(main(list(arguments)))
