"""harness export: write a study's frames as CSV, Parquet or JSON for notebooks."""

import json
from pathlib import Path
from typing import Any

import click

from results.commands._options import reading


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--format",
    "kind",
    type=click.Choice(("csv", "parquet", "json")),
    default="parquet",
    show_default=True,
    help="Of the files.",
)
@click.option("--out", type=click.Path(file_okay=False), default=None, help="Folder. [default: export/ of the study]")
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
@reading
def command(directory: str, kind: str, out: str | None, as_json: bool, reading: dict[str, Any]) -> None:
    """Write cells, phases, epochs, windows, detection, budgets and FLOPs of the study in DIR; SI units throughout."""
    from results import export, load

    study = load(directory, **reading)
    written = export.write(study, Path(out) if out else study.folder / "export", kind)
    if as_json:
        return click.echo(json.dumps([str(path) for path in written], indent=1))
    for path in written:
        click.echo(str(path))
