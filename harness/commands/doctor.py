"""harness doctor: what on this machine would spoil a measurement, and the command that mends it."""

import json
from typing import Dict

import click

from harness.doctor import DOUBT, OK, SPOILS, Finding, examine


@click.command(short_help="What here would spoil a measurement, and how to mend it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check power mode, clocks, temperature, sensors, other loads and more; nothing is changed.

    Each line has what was seen; below a doubt or a fault stands the command that mends it.
    Exit status: 0 measurements are possible (perhaps with doubts), 1 something would spoil them.
    """
    findings = examine()
    if as_json:
        click.echo(json.dumps({name: finding._asdict() for name, finding in findings.items()}, indent=1))
    else:
        _show(findings)
    context.exit(any(finding.state == SPOILS for finding in findings.values()))


def _show(findings: Dict[str, Finding]) -> None:
    for state in (SPOILS, DOUBT, OK):
        for name, finding in findings.items():
            if finding.state == state:
                click.echo(f"{state:6}  {name.replace('_', ' ')}: {finding.evidence}")
                if finding.mend:
                    click.echo(f"        mend: {finding.mend}")
