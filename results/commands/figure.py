"""harness figure: draw one figure of a study, or all, as PNG, SVG or PDF."""

import json
from pathlib import Path
from typing import Any

import click

from harness import rundir
from harness.errors import UserError
from results.commands._options import reading


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--out", type=click.Path(file_okay=False), default=None, help="Folder. [default: figures/ of the study]")
@click.option(
    "--format",
    "formats",
    type=click.Choice(("png", "svg", "pdf")),
    multiple=True,
    default=("png", "svg"),
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--style",
    type=click.Choice(("screen", "paper")),
    default="screen",
    show_default=True,
    help="paper: one column of 3.35 inches, serif.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
@reading
def command(
    directory: str,
    names: tuple[str, ...],
    out: str | None,
    formats: tuple[str, ...],
    style: str,
    as_json: bool,
    reading: dict[str, Any],
) -> None:
    """Draw figures of the study in DIR: those named, or all; of the crosscheck in DIR its figure."""
    from results import figures
    from results.load import load

    for name in names:
        figures.find(name)
    study: Any
    if rundir.crosscheck(Path(directory)).is_file():
        from harness.crosscheck import result

        study, names = result.load(directory), ("crosscheck",)
    else:
        study = load(directory, **reading)
    folder = Path(out) if out else study.folder / "figures"
    found = figures.drawn(study, folder, list(names) or None, formats, style)
    written = [str(path) for one in found for path in one.files]
    for one in found:
        if one.lacking:
            click.echo(f"note: no figure '{one.name}': {one.lacking}", err=True)
    if as_json:
        click.echo(json.dumps(written, indent=1))
    elif written:
        click.echo("\n".join(written))
    if names and not written:
        raise UserError("nothing that was asked for could be drawn; the notes say why")
