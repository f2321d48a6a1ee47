"""harness table: print a study's table for the terminal, a program or a paper."""

from typing import Any

import click

FORMATS = ("text", "csv", "markdown", "latex", "json")


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="Same as --format json: SI units, a unit in each name.")
def command(directory: str, kind: str, as_json: bool) -> None:
    """Print what each method of the study in DIR cost: accuracy, kJ, FLOPs, time, and the detection overhead."""
    from results.load import load

    study = load(directory)
    click.echo(_render(study, "json" if as_json else kind), nl=False)


def _render(study: Any, kind: str) -> str:
    from harness.summary import aligned, sheets
    from results import tables

    if kind == "csv":
        return tables.csv(tables.main(study))
    if kind == "json":
        return tables.json(tables.main(study))
    render = {"markdown": tables.markdown, "latex": tables.latex}.get(kind)
    if render:
        return "\n".join(map(render, sheets(study.runs)))
    return "\n".join(
        f"{sheet.title}\n\n{aligned([sheet.header, *sheet.lines])}\n" + "".join(f"  {note}\n" for note in sheet.notes)
        for sheet in sheets(study.runs)
    )
