"""What a user may ask of the recorder, beside the meters: the options of every verb that records."""

import functools
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Tuple

import click

from harness.errors import UserError


@dataclass(frozen=True)
class Asked:
    """`raw`: keep the bytes of each meter's line; `realtime`: run ahead of ordinary programs; `cpus`: on these only."""

    raw: bool = False
    realtime: bool = False
    cpus: Tuple[int, ...] = ()

    def request(self) -> Dict[str, Any]:
        """JSON-able, for the recorder."""
        return asdict(self)


NOTHING = Asked()


def options(command: Callable) -> Callable:
    """Adds the options to a verb, which takes them as one argument `recorder`."""

    @functools.wraps(command)
    def gathered(*arguments: Any, raw: bool, realtime: bool, recorder_cpus: str, **further: Any) -> Any:
        return command(*arguments, recorder=Asked(raw, realtime, _numbers(recorder_cpus)), **further)

    for option in (
        click.option("--recorder-cpus", default="", metavar="N,N", help="Processors for the recorder. [default: any]"),
        click.option("--realtime", is_flag=True, help="Run the recorder with SCHED_FIFO; refused where not permitted."),
        click.option("--raw", is_flag=True, help="Keep the bytes of each serial meter beside its readings."),
    ):
        gathered = option(gathered)
    return gathered


def _numbers(text: str) -> Tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise UserError(f"--recorder-cpus {text} is no list of processors, as in --recorder-cpus 0,1", code=2)
    return tuple(int(part) for part in parts)
