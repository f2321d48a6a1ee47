"""harness meters crosscheck: what meters say of each other at one load."""

import json
from pathlib import Path
from typing import Tuple

import click


@click.command()
@click.argument("specs", metavar="KIND[:key=value,...]...", nargs=-1, required=True)
@click.option("--out", type=click.Path(file_okay=False), required=True, help="New folder for traces and the result.")
@click.option(
    "--window", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="Seconds of a window."
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Windows of each load.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(specs: Tuple[str, ...], out: str, window: float, rounds: int, as_json: bool) -> None:
    """Record two or more meters while this machine idles and works in steps, and hold them against each other.

    The loads are idle, half of the processors, all of them, and the graphics processor where there is one.  Of each
    pair the meter named first is the reference: reading(t) = gain x reference(t - lag) + offset.  Leave the machine
    alone meanwhile.
    """
    from harness.crosscheck import result, sheets
    from harness.crosscheck.staircase import climb
    from harness.errors import UserError
    from harness.measuring.opened import all_parsed
    from harness.summary import show_sheet

    if len(specs) < 2:
        raise UserError("crosscheck needs two meters at least: harness meters crosscheck A B --out bench", code=2)
    all_parsed(specs)
    if Path(out).exists() and any(Path(out).iterdir()):
        raise UserError(f"{out} is not empty: choose another folder", code=2)
    climbed = climb(specs, Path(out), rounds, window, lambda sentence: click.echo(sentence, err=True))
    content = result.judge(climbed)
    path = result.store(content, Path(out))
    if as_json:
        return click.echo(json.dumps(content, indent=1))
    for sheet in sheets.sheets(content):
        show_sheet(sheet)
    click.echo(str(path))
