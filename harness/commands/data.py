"""harness data: list the data sets; fetch one, for a board that has no network."""

import json
from typing import Optional, Tuple

import click

from harness.verbs import Verbs


@click.group(cls=Verbs, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the data sets that a study may name."""
    if context.invoked_subcommand:
        return
    from harness.study import registry

    names = registry("dataset")
    click.echo(json.dumps(names, indent=1) if as_json else "\n".join(names))


@command.command()
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET...")
@click.option(
    "--data",
    type=click.Path(file_okay=False),
    default=None,
    help="Folder for the files: copy it to the board, name it there (harness run --data). [default: ~/.cache/harness]",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def fetch(datasets: Tuple[str, ...], data: Optional[str], as_json: bool) -> None:
    """Download what is not there yet and check every file by its published checksum; the folders go to stdout."""
    from harness.options import unknown
    from harness.study import registry
    from workloads.data import fetch as fetched

    for name in datasets:
        if name not in registry("dataset"):
            raise unknown("dataset", name, registry("dataset"))
    folders = {name: fetched(name, data) for name in datasets}
    if as_json:
        return click.echo(json.dumps(folders, indent=1))
    for name, folder in folders.items():
        if folder is None:
            click.echo(f"{name}: nothing to fetch, it comes with the harness or what it needs", err=True)
        else:
            click.echo(folder)
