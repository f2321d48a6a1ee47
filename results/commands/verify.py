"""harness verify: check a run directory against its seals, and its tables against its raw traces."""

import json
from typing import Any

import click

from harness.quantities import counted
from results.commands._options import reading


@click.command()
@click.argument("directories", metavar="DIR...", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print what was checked and found as JSON.")
@reading
@click.pass_context
def command(context: click.Context, directories: tuple[str, ...], as_json: bool, reading: dict[str, Any]) -> None:
    """Check each study in DIR: every file against SHA256SUMS, every table cell anew from the raw traces.

    Give the options with which the tables were written.  Exit status 1 when anything was changed, is missing, was
    added, or does not follow from the traces.
    """
    from results import load, provenance, verify
    from results.load import find

    checked = []
    for folder in [path for directory in directories for path in find(directory)]:
        study = load(folder, **dict(reading, allow_mixed=True))
        stages = [f"{run.name}/rep-{run.repetition}" for run in study.runs.runs()]
        found = verify.problems(study)
        checked.append(
            {"study": str(folder), "stages": stages, "sha256": provenance.digest(study.runs), "problems": found}
        )
    if as_json:
        click.echo(json.dumps(checked, indent=1))
    else:
        for entry in checked:
            for problem in entry["problems"]:
                click.echo(f"{problem}")
            verdict = counted(len(entry["problems"]), "problem") if entry["problems"] else "sound"
            whole = counted(len(entry["stages"]), "stage")
            click.echo(f"{entry['study']}: {whole}, {verdict}, sha256 {entry['sha256']}")
    if any(entry["problems"] for entry in checked):
        context.exit(1)
