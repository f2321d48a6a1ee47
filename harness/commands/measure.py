"""harness measure: energy of any command, its children included."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, List, Optional, Tuple

import click

from harness.errors import UserError
from harness.recording.asked import NOTHING, Asked
from harness.recording.asked import options as recorder_options

INTERRUPTED = 130


@click.command(context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
@click.option(
    "--meter",
    "meters",
    multiple=True,
    metavar="KIND[:key=value,...]",
    help="Power meter, may be repeated. [default: ina3221 where the board has it]",
)
@click.option("--repetitions", type=click.IntRange(1), default=None, help="Counted executions.  [default: 1]")
@click.option("--warmup", type=click.IntRange(0), default=0, show_default=True, help="Executions before, not counted.")
@click.option(
    "--idle",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="Measure the machine at rest for so long first (at least 30 periods of the meter), and subtract that power.",
)
@click.option("--out", type=click.Path(file_okay=False), default=None, help="Folder where traces and figures are kept.")
@click.option("--overhead", is_flag=True, help="Measure what the harness itself costs: recorder on and off in turn.")
@recorder_options
@click.option("--json", "as_json", is_flag=True, help="Figures as JSON on stdout; the command's stdout goes to stderr.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    context: click.Context,
    meters: Tuple[str, ...],
    repetitions: Optional[int],
    warmup: int,
    idle: float,
    out: Optional[str],
    overhead: bool,
    recorder: Asked,
    as_json: bool,
    command: Tuple[str, ...],
) -> None:
    """Run COMMAND and measure the energy that the meter saw from its start to its end.

    stdout belongs to COMMAND, figures go to stderr.  A failed execution ends the series.  Exit status: that of COMMAND
    (128 + n when signal n ended it, 127 when there is no such program); 2 misused, 1 when no meter delivers.
    """
    if command and shutil.which(command[0]) is None:
        raise UserError(f"there is no program {command[0]}: is it on the PATH?", 127)
    if not command and not overhead:
        raise UserError("harness measure needs a command, as in: harness measure --meter KIND -- sleep 60", 2)
    if overhead and (warmup or idle or out or recorder != NOTHING):
        raise UserError("--overhead takes --meter, --repetitions, --json and a command, nothing else", 2)
    chosen = _checked(meters) or own_meter()
    try:
        if overhead:
            return _overhead(chosen, repetitions or 5, command, as_json)
        context.exit(_measure(chosen, repetitions or 1, warmup, idle, out, recorder, as_json, command))
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)


def _checked(meters: Tuple[str, ...]) -> List[str]:
    from meters.errors import MeterError
    from meters.spec import parse_all

    try:
        parse_all(meters)
    except MeterError as error:
        raise UserError(str(error), 2) from error
    return list(meters)


def own_meter() -> List[str]:
    """The power sensor that this board has; UserError where there is none, or none that sees the whole board."""
    from meters.errors import MeterError
    from meters.spec import MeterSpec, kinds

    try:
        with MeterSpec.parse("ina3221").create() as meter:
            if meter.total:
                return ["ina3221"]
        why = "no rail of its power sensor is known to be its whole input"
    except MeterError as error:
        why = str(error)
    raise UserError(f"name a power meter with --meter, one of {', '.join(kinds())}; this machine: {why}", 2)


def _measure(
    meters: List[str],
    repetitions: int,
    warmup: int,
    idle_s: float,
    out: Optional[str],
    recorder: Asked,
    as_json: bool,
    words: Any,
) -> int:
    from harness import rundir
    from harness.measuring import figures, series, sheet

    folder = Path(out) if out else None
    own_stdout = sys.stderr.fileno() if as_json else None
    done = series.run(series.Plan(words, meters, repetitions, warmup, idle_s, folder, own_stdout, recorder))
    text = json.dumps(figures.as_json(done), indent=1) + "\n"
    click.echo(text if as_json else "\n" + sheet.text(done), nl=False, err=not as_json)
    if folder:  # after they were shown: a disk that is full takes only what is already there
        rundir.write(rundir.Rep(folder).named("measure.json"), lambda file: file.write(text.encode()))
    return done.status


def _overhead(meters: List[str], pairs: int, words: Any, as_json: bool) -> None:
    from harness.measuring import overhead

    found = overhead.measure(meters, pairs, words)
    click.echo(json.dumps(found._asdict(), indent=1) if as_json else overhead.text(found), err=False)
