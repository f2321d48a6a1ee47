"""harness table: print a study's table, or the published ones, for the terminal, a program or a paper."""

from pathlib import Path
from typing import Any

import click

from harness.errors import UserError
from results.commands._options import reading

FORMATS = ("text", "csv", "markdown", "latex", "json", "parquet")


@click.command()
@click.argument("source", metavar="DIR|published")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="Same as --format json: SI units, a unit in each name.")
@click.option("--out", type=click.Path(dir_okay=False), default=None, help="Write into this file instead of printing.")
@click.option("--recompute", is_flag=True, help="With 'published': each FLOPs and kJ cell from epochs, and deviations.")
@click.option("--paper", is_flag=True, help="Beside the cells of the published tables: ratio and verdict per cell.")
@click.option("--budget", is_flag=True, help="Show what each cause contributes to each interval.")
@click.option("--target-accuracy", type=float, default=None, metavar="PERCENT", help="Also the energy up to it.")
@reading
def command(
    source: str,
    kind: str,
    as_json: bool,
    out: str | None,
    recompute: bool,
    paper: bool,
    budget: bool,
    target_accuracy: float | None,
    reading: dict[str, Any],
) -> None:
    """Print what each method of the study in DIR cost: accuracy, kJ, FLOPs, time, and the detection overhead.

    With 'published' instead of DIR: the tables of the paper.
    """
    if recompute and source != "published":
        raise UserError("--recompute works on the published tables: harness table published --recompute", code=2)
    target = _share(target_accuracy)
    if source == "published":
        sheets, frame = _published(recompute)
    else:
        sheets, frame = _measured(source, paper, budget, target, reading)
    _put(sheets, frame, "json" if as_json else kind, out)


def _put(sheets: list, frame: Any, kind: str, out: str | None) -> None:
    from results import tables

    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        if out is None:
            raise UserError("Parquet is no text: name a file for it, for example --out table.parquet", code=2)
        tables.parquet(frame, Path(out))
        return click.echo(out)
    text = tables.render(sheets, frame, kind)
    if out is None:
        return click.echo(text, nl=False)
    Path(out).write_text(text, encoding="utf-8")
    click.echo(out)


def _measured(directory: str, paper: bool, budget: bool, target: float | None, reading: dict[str, Any]) -> tuple:
    from results import load, tables
    from results import paper as beside
    from results.sheets import budgets, sheets, with_doubts, with_evidence

    study = load(directory, **reading)
    if paper:
        return with_evidence(beside.sheets(study), study), beside.frame(study)
    if budget:
        return with_evidence([budgets(study)], study), study.budgets
    first, *others = sheets(study, target)
    return [with_doubts(first, study), *others], tables.main(study, target)


def _published(recompute: bool) -> tuple:
    from results import published
    from results.published import layout

    if recompute:
        frame = published.recompute()
        return [layout.recomputed(frame)], frame
    return layout.sheets(), layout.cells()


def _share(percent: float | None) -> float | None:
    """Above 1, because whoever writes 0.93 means a share."""
    if percent is None:
        return None
    if not 1 < percent <= 100:
        raise UserError(
            f"--target-accuracy {percent:g} is no percentage: give one above 1 and at most 100, for example 93.5",
            code=2,
        )
    return percent / 100
