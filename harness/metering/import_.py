"""harness meters import: the log of another program becomes a trace."""

import os
from typing import Optional

import click

FORMATS = ("tegrastats", "jtop", "csv", "wattsup", "jls")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="Of the log.")
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="File for the trace, such as tx2.arrow.")
@click.option(
    "--period",
    type=click.FloatRange(0, min_open=True),
    default=None,
    metavar="SECONDS",
    help="Between two lines. Needed for a log without times, and for one whose times are too coarse.",
)
@click.option("--total", default="", metavar="A+B", help="Rails that together are the whole input. [default: known]")
@click.option("--boundary", default=None, help="Where the meter of a csv or jls log sits. [default: dc_input]")
def command(file: str, kind: str, out: str, period: Optional[float], total: str, boundary: Optional[str]) -> None:
    """Turn FILE into a trace that every other verb reads.

    csv: a header, then lines; a column time_s, t_ns or timestamp (seconds, ns, or date and time), and power columns
    such as power_W, cpu_power_W, power_mW.  tegrastats: as with --logfile.  jtop: its logger's CSV.  wattsup: the
    packets of the meter, with or without a time in front.  jls: a Joulescope's recording, as means over a millisecond
    (needs pyjls).  A date and time without a zone is taken for UTC; a log without any begins at 0.  The last line of a
    csv or jtop log is left out when it has no line end: a number in it may have been cut.
    """
    from harness.errors import UserError
    from harness.foreign import logs, store

    if os.path.exists(out):
        raise UserError(f"{out} exists already: choose another name, or remove it", code=2)
    if boundary is not None and kind not in ("csv", "jls"):
        raise UserError(f"--boundary is for csv and jls; a {kind} log says itself where its meter sits", code=2)
    found = logs.read(file, kind, period, total, boundary or "dc_input")
    store.write(found, kind, out)
    click.echo(f"{len(found.rows)} samples, one each {found.times.period_s:g} s", err=True)
    click.echo(out)
