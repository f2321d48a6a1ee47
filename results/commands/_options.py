"""Options that every verb which reads a study has."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_FLAGS = (
    ("--allow-gaps", "Give figures also where the samples cover less than 95 %."),
    ("--allow-mixed", "Let stages of different boards, power modes or boundaries into one table, marked."),
    ("--correct-lag", "Take the filter of a sensor with a known time constant back."),
)


def reading(function: Callable) -> Callable:
    """Add the options to a command; it gets them as one dict, `reading`, for `results.load`."""

    @wraps(function)
    def command(**options: Any) -> Any:
        names = [flag[2:].replace("-", "_") for flag, _ in _FLAGS] + ["unit_energies"]
        return function(reading={name: options.pop(name) for name in names}, **options)

    for flag, text in reversed(_FLAGS):
        command = click.option(flag, is_flag=True, help=text)(command)
    return click.option(
        "--unit-energies",
        type=click.Path(exists=True, dir_okay=False),
        default=None,
        help="CSV of operation,energy_pJ, from which 8-bit rows are estimated. [default: 0.18 of FP32, decoded]",
    )(command)
