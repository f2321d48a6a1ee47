"""harness report: write tables, figures and one self-contained report.html for each study."""

import json
from typing import Any

import click

from results.commands._options import reading


@click.command()
@click.argument("directories", metavar="DIR...", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
@reading
def command(directories: tuple[str, ...], as_json: bool, reading: dict[str, Any]) -> None:
    """Write the report of each study in DIR (a study's, a machine's or a whole runs directory) beside its data."""
    from results import report
    from results.load import find

    studies = [study for directory in directories for study in find(directory)]
    written = [path for study in studies for path in report.write(study, **reading)]
    if as_json:
        return click.echo(json.dumps([str(path) for path in written], indent=1))
    for path in written:
        click.echo(str(path))
