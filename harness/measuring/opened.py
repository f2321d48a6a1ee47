"""One meter in this very process, to look at: opened, read when due, closed."""

import time
from contextlib import ExitStack, contextmanager
from typing import Any, Iterator, List, Sequence

from harness.errors import UserError
from harness.instruments import plugged_in
from meters.base import Meter, Sample
from meters.errors import MeterError
from meters.spec import MeterSpec, parse_all


def parsed(text: str) -> MeterSpec:
    """What the user asked for; UserError with status 2 when it is no meter."""
    try:
        return MeterSpec.parse(text)
    except MeterError as error:
        raise UserError(str(error), code=2) from error


def all_parsed(texts: Sequence[str]) -> List[MeterSpec]:
    """The meters of one measurement; UserError with status 2 when one is no meter or two have one name."""
    try:
        return parse_all(texts)
    except MeterError as error:
        raise UserError(str(error), code=2) from error


@contextmanager
def opened(spec: MeterSpec) -> Iterator[Meter]:
    """The meter; raises MeterError when it does not deliver."""
    with ExitStack() as children:
        options = plugged_in(spec, children)
        with MeterSpec(spec.kind, options, spec.name).create() as meter:
            yield meter


def looks(meter: Meter) -> Iterator[List[Sample]]:
    """What is new at each look, for ever, as often as the recorder looks."""
    due = time.monotonic()
    while True:
        yield meter.samples()
        due = max(due + meter.wake_s, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def total_W(meter: Meter, sample: Sample) -> Any:
    """Watts of the whole input; None where a channel has none or no channel is the whole input."""
    powers = [sample.values[meter.columns.index(name + "_power_W")] for name in meter.total]
    return sum(powers) if powers and None not in powers else None
