"""Tickets that were drawn elsewhere: read, checked, and taken in under the digest of their file."""

from pathlib import Path

from harness import rundir
from harness.errors import UserError
from workloads import WorkloadError, ticket_file
from workloads.ticket_file import Ticket

DIGITS = 16


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


def _reason(error: Exception) -> str:
    return str(error.strerror if isinstance(error, OSError) else error)
