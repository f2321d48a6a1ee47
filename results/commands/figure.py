"""harness figure: draw one figure of a study, or all, as PNG, SVG or PDF."""

import json
from pathlib import Path

import click

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
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
@reading
def command(
    directory: str,
    names: tuple[str, ...],
    out: str | None,
    formats: tuple[str, ...],
    as_json: bool,
    reading: dict[str, bool],
) -> None:
    """Draw figures of the study in DIR: those named, or all."""
    from results import figures
    from results.load import load

    for name in names:
        figures.find(name)
    study = load(directory, **reading)
    folder = Path(out) if out else study.folder / "figures"
    written = figures.write(study, folder, list(names) or None, formats)
    if not written:
        click.echo("note: this study has nothing to draw there", err=True)
    if as_json:
        return click.echo(json.dumps([str(path) for path in written], indent=1))
    for path in written:
        click.echo(str(path))
