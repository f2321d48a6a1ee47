"""Tickets that were drawn elsewhere: taken in under the digest of their file, and found by where they come from."""

from pathlib import Path
from typing import List, NamedTuple, Optional

from harness import rundir
from harness.errors import UserError
from workloads import WorkloadError, ticket_file
from workloads.job import Source
from workloads.origin import Origin, origin
from workloads.ticket_file import Ticket

DIGITS = 16


class Stored(NamedTuple):
    """A ticket of this machine's collection."""

    path: Path
    ticket: Ticket
    origin: Origin

    @property
    def digest(self) -> str:
        return self.path.stem


def load(path: Path) -> Ticket:
    """The ticket in a file; one that is damaged or none of ours raises UserError with its name."""
    try:
        with open(str(path), "rb") as file:
            return ticket_file.read(file)
    except (OSError, WorkloadError) as error:
        raise UserError(f"{path}: {_reason(error)}") from error


def take_in(path: Path, machine: rundir.Machine) -> Path:
    """Check a ticket against the network it names and copy it into the machine's collection; needs torch."""
    ticket = load(path)
    try:
        from workloads.fitting import check
    except ImportError as error:
        raise UserError(f"a ticket is checked against its network, which needs torch here: {error}") from error
    try:
        check(ticket)
    except WorkloadError as error:
        raise UserError(f"{path}: {error}") from error
    place = machine.ticket(rundir.digest(path)[:DIGITS])
    rundir.write(place, lambda file: file.write(path.read_bytes()))
    return place


def stored(machine: rundir.Machine) -> List[Stored]:
    """The machine's collection, in order of digest."""
    found = []
    for path in sorted(machine.tickets.glob("*.npz")):
        ticket = load(path)
        try:
            found.append(Stored(path, ticket, origin(ticket)))
        except WorkloadError as error:
            raise UserError(f"{path}: {error}") from error
    return found


def find(machine: rundir.Machine, source: Source) -> Optional[Stored]:
    """The ticket that was drawn from exactly this training in exactly this way, or None."""
    return next((ticket for ticket in stored(machine) if ticket.origin.source == source), None)


def _reason(error: Exception) -> str:
    return str(error.strerror if isinstance(error, OSError) else error)
