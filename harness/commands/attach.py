"""harness attach: a trace that another machine recorded becomes a meter of the run that it shows."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import click


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False))
@click.argument("trace", type=click.Path(exists=True, dir_okay=False))
@click.option("--name", default=None, help="Of the meter within the run. [default: as it was recorded]")
@click.option("--trust-pulses", is_flag=True, help="Take the pulses' word where UTC contradicts them.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(run: str, trace: str, name: Optional[str], trust_pulses: bool, as_json: bool) -> None:
    """Attach TRACE, from `harness meters record` on another machine, to the stages in RUN that it shows.

    Its clock is found by the load pulses in each stage's idle and by the power that both saw, and held against UTC;
    where these contradict each other nothing is attached.  Afterwards every table has the meter too.
    """
    from harness.attaching.attach import attach

    found = attach(Path(run), Path(trace), name, trust_pulses)
    plain = [
        {
            "stage": one.run.name,
            "repetition": one.run.repetition,
            "attempts": one.mappings,
            "folder": str(one.run.rep.folder),
        }
        for one in found
    ]
    if as_json:
        return click.echo(json.dumps(plain, indent=1))
    for stage in plain:
        for line in _lines(stage):
            click.echo(line)
    click.echo(f"tables that were written before do not have it: harness report {run}", err=True)


def _lines(stage: Dict[str, Any]) -> List[str]:
    lines = []
    for one in stage["attempts"]:
        utc = one["utc_offset_ns"]
        against = "" if utc is None else f", UTC says {utc / 1e9:+.3f} s"
        lines.append(
            f"{stage['stage']} rep {stage['repetition']} attempt {one['attempt']}: {one['offset_ns'] / 1e9:+.4f} s are "
            f"added to the trace's times, +- {one['within_s']:.4f} s{against}; drift {1e6 * one['drift']:+.2f} us/s, "
            f"correlation {one['correlation']:.3f}"
        )
        lines += ["  " + note for note in one["notes"]]
    return lines
