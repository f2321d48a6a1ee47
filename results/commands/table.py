"""harness table: print a study's table, or the published ones, for the terminal, a program or a paper."""

import click

from harness.errors import UserError
from results.commands._options import reading

FORMATS = ("text", "csv", "markdown", "latex", "json")


@click.command()
@click.argument("source", metavar="DIR|published")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="Same as --format json: SI units, a unit in each name.")
@click.option("--recompute", is_flag=True, help="With 'published': each FLOPs and kJ cell from epochs, and deviations.")
@click.option("--paper", is_flag=True, help="Beside the cells of the published tables: ratio and verdict per cell.")
@click.option("--budget", is_flag=True, help="Show what each cause contributes to each interval.")
@reading
def command(
    source: str, kind: str, as_json: bool, recompute: bool, paper: bool, budget: bool, reading: dict[str, bool]
) -> None:
    """Print what each method of the study in DIR cost: accuracy, kJ, FLOPs, time, and the detection overhead.

    With 'published' instead of DIR: the tables of the paper.
    """
    from results import tables

    if recompute and source != "published":
        raise UserError("--recompute works on the published tables: harness table published --recompute", code=2)
    if source == "published":
        sheets, frame = _published(recompute)
    else:
        sheets, frame = _measured(source, paper, budget, reading)
    click.echo(tables.render(sheets, frame, "json" if as_json else kind), nl=False)


def _measured(directory: str, paper: bool, budget: bool, reading: dict[str, bool]):  # type: ignore[no-untyped-def]
    from results import load, tables
    from results import paper as beside
    from results.sheets import budgets, sheets, with_doubts

    study = load(directory, **reading)
    if paper:
        return beside.sheets(study), beside.frame(study)
    if budget:
        return [budgets(study)], study.budgets
    first, *others = sheets(study)
    return [with_doubts(first, study), *others], tables.main(study)


def _published(recompute: bool):  # type: ignore[no-untyped-def]
    from results import published
    from results.published import layout

    if recompute:
        frame = published.recompute()
        return [layout.recomputed(frame)], frame
    return layout.sheets(), layout.cells()
