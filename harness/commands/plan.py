"""harness plan: tell how long a study will take and how much energy, before it runs and while it runs."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import click


@click.command()
@click.argument("study")
@click.option("--form", type=click.Choice(["full", "profile"]), default=None, help="As of harness run.")
@click.option("--only", multiple=True, metavar="key=value,...", help="Rows, as of harness run. [default: all]")
@click.option(
    "--ticket",
    "tickets",
    type=click.Path(exists=True, dir_okay=False),
    multiple=True,
    help="Ticket file of a row, may be repeated.",
)
@click.option(
    "--meter", default=None, metavar="NAME", help="Meter whose joules count. [default: the first of each run]"
)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default="runs",
    show_default=True,
    help="What earlier runs have recorded.",
)
@click.option("--write", is_flag=True, help="Keep the prediction in the study's folder, unless one is kept already.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, in SI units.")
def command(
    study: str,
    form: Optional[str],
    only: Tuple[str, ...],
    tickets: Tuple[str, ...],
    meter: Optional[str],
    out: str,
    write: bool,
    as_json: bool,
) -> None:
    """Predict time and energy of STUDY, per row and in all, each in a bracket and with what it rests on.

    From a profile or earlier epochs of the same network on this board, from a similar network by its FLOPs, or from
    published joules per epoch. What a run has finished already is measured, and the rest rests on it.
    """
    from harness import machine, rundir
    from harness import study as studies
    from harness.forecast import stored

    board = rundir.Machine(Path(out), machine.name())
    asked = studies.formed(studies.load(study), form)
    content = _content(asked, only, [Path(ticket) for ticket in tickets], board, meter)
    if write:
        stored.write(board.study(asked.name), content)
    click.echo(json.dumps(content, indent=1) if as_json else _text(content))


def _content(
    asked: Any, only: Tuple[str, ...], tickets: List[Path], board: Any, meter: Optional[str]
) -> Dict[str, Any]:
    from dataclasses import replace

    from harness import plan as planning
    from harness.finder import Finder
    from harness.forecast import stored
    from harness.forecast.observed import board as observed_on
    from harness.forecast.study import forecast, profile_seconds
    from harness.profile import profile
    from harness.reuse import reusing
    from harness.shelf import Shelf
    from harness.study import PROFILED

    overhead_s = asked.idle_s + asked.cooldown_s + asked.detection_s
    profiled = asked.form == "profile"
    name = asked.name[: -len(PROFILED)] if profiled else asked.name
    shelf = Shelf(tickets, board.tickets)
    plan = reusing(planning.plan(replace(asked, name=name, form="full"), only), board)
    finder = Finder(plan, shelf, board)
    observed = observed_on(board, meter)
    found = forecast(plan, finder, board, observed, overhead_s)
    if not profiled:
        return stored.as_json(name, found)
    profile_plan = profile(plan, finder, shelf)
    return stored.as_json(
        asked.name, found, profile_seconds(profile_plan, finder, observed, overhead_s, asked.detection_s)
    )


def _text(content: Dict[str, Any]) -> str:
    from harness.summary import aligned

    lines = [["row", "kJ", "low to high", "time", "low to high", ""]]
    lines += [_line(cell["name"], cell) for cell in content["cells"]]
    lines.append(_line("to run all of it", content["total"]))
    if content["left"]["seconds"] != content["total"]["seconds"]:
        lines.append(_line("left of it", content["left"]))
    notes = ["a row is predicted as it would cost alone; low to high is a bracket, no confidence interval"]
    if "profile_s" in content:
        notes.append("running the profile takes " + _span(content["profile_s"], True))
    return aligned(lines) + "".join(f"  {note}\n" for note in notes)


def _line(name: str, one: Dict[str, Any]) -> List[str]:
    return [name] + _cells(one["joules"], False) + _cells(one["seconds"], True) + [one["rests_on"]]


def _cells(values: Optional[Dict[str, float]], time: bool) -> List[str]:
    from harness.quantities import NONE, duration, kilojoules

    say = duration if time else kilojoules
    if values is None:
        return [NONE, NONE]
    return [say(values["likely"]), f"{say(values['low'])} to {say(values['high'])}"]


def _span(values: Dict[str, float], time: bool) -> str:
    likely, bracket = _cells(values, time)
    return f"{likely} ({bracket})"
