"""Where a ticket comes from, as its provenance tells: checked before it is believed, because files travel."""

from typing import Any, Dict, NamedTuple

from workloads import WorkloadError
from workloads.job import Draw, Training
from workloads.records import known_fields, plain
from workloads.ticket_file import Ticket


class Origin(NamedTuple):
    """The training that a ticket was drawn from, how, after how many epochs, and whether its rule had fired."""

    training: Training
    draw: Draw
    epoch: int
    fired: bool


def origin(ticket: Ticket) -> Origin:
    """The origin of a ticket; a provenance that is not one of ours raises."""
    try:
        return _origin(ticket.provenance)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, WorkloadError) as error:
        raise WorkloadError(
            f"this ticket does not say which training it was drawn from ({type(error).__name__}: {error}): export it "
            "again, with the version that drew it"
        ) from error


def provenance(training: Training, draw: Draw, epoch: int, fired: bool) -> Dict[str, Any]:
    """The JSON-able form that `origin` reads."""
    return {
        "training": training.without_draws().asked(),
        "draw": plain(draw, whole=True),
        "epoch": epoch,
        "fired": fired,
    }


def _origin(told: Dict[str, Any]) -> Origin:
    known_fields(Draw, told["draw"])
    found = Origin(
        Training.from_dict(told["training"]).without_draws(), Draw(**told["draw"]), told["epoch"], told["fired"]
    )
    if type(found.epoch) is not int or found.epoch < 0 or type(found.fired) is not bool:
        raise ValueError(f"drawn after epoch {found.epoch!r}, fired {found.fired!r}")
    return found
