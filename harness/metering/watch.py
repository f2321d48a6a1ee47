"""harness meters watch: the power of one meter, live."""

import sys
import time
from typing import Any, Iterator, List, NamedTuple, Optional

import click

EVERY_S = 0.5


class State(NamedTuple):
    """Of the last stretch: mean power (of the whole input, else of the first channel) and the latest values."""

    watts: Optional[float]
    least: Optional[float]
    most: Optional[float]
    rate_Hz: float
    values: List[Any]


@click.command()
@click.argument("spec", metavar="KIND[:key=value,...]")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=None, help="End then. [default: Ctrl-C]")
def command(spec: str, seconds: Optional[float]) -> None:
    """Show the power of a meter live: framed on a terminal, a line for each half second elsewhere."""
    from harness.measuring.opened import opened, parsed

    try:
        with opened(parsed(spec)) as meter:
            show = _framed if sys.stdout.isatty() else _plain
            show(meter, states(meter, seconds))
    except KeyboardInterrupt:
        pass


def states(meter: Any, seconds: Optional[float]) -> Iterator[State]:
    """One for each half second in which samples came."""
    from harness.measuring.opened import looks, total_W

    begin = last = time.monotonic()
    samples: List[Any] = []
    for new in looks(meter):
        samples += new
        now = time.monotonic()
        if now - last >= EVERY_S and samples:
            powers = [total_W(meter, sample) if meter.total else sample.values[0] for sample in samples]
            known = [power for power in powers if power is not None]
            mean = sum(known) / len(known) if known else None
            yield State(
                mean, min(known or [None]), max(known or [None]), len(powers) / (now - last), samples[-1].values
            )
            samples, last = [], now
        if seconds is not None and now - begin >= seconds:
            return


def _plain(meter: Any, found: Iterator[State]) -> None:
    from harness.quantities import significant

    for state in found:
        values = " ".join(f"{name}={significant(value)}" for name, value in zip(meter.columns, state.values))
        click.echo(f"{significant(state.watts)} W{_simulated(meter)} {values}")


def _framed(meter: Any, found: Iterator[State]) -> None:
    from rich.live import Live

    from harness.metering._panel import panel

    history: List[Optional[float]] = []
    with Live(refresh_per_second=4) as live:
        for state in found:
            history.append(state.watts)
            live.update(panel(meter, state, history, _simulated(meter)))


def _simulated(meter: Any) -> str:
    return " (simulated)" if meter.simulated else ""
