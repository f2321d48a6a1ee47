"""Tickets at hand, in files or in a machine's folder, found by where they were drawn."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from harness import rundir
from harness.errors import UserError
from harness.tickets import load
from workloads import WorkloadError, ticket_file
from workloads.job import Draw, Training
from workloads.origin import origin
from workloads.profile import digest

SAME = ("model", "dataset", "width", "precision", "lr")  # what decides which network a search finds


class Held(NamedTuple):
    """A ticket on file: its training and draw, after how many epochs it was drawn, what else it says of itself."""

    path: Path
    digest: str
    training: Training
    draw: Draw
    epoch: int
    widths: Tuple[int, ...]
    provenance: Dict[str, Any]


class Shelf:
    """The tickets in `files`, which must each be one, and in `folder`, where others are passed over."""

    def __init__(self, files: Sequence[Path] = (), folder: Optional[Path] = None):
        self.given = [held(path) for path in files]
        inside = sorted(folder.glob("*.npz")) if folder is not None and folder.is_dir() else []
        self._others = [ticket for ticket in map(_readable, inside) if ticket is not None]

    def find(self, training: Training, draw: Draw, own: Optional[Path] = None) -> Optional[Held]:
        """The ticket of this draw: one given before one in the folder, and both before `own`, that of a stage.

        Of several the one whose training has most in common with this one; two that differ and fit equally well raise.
        """
        for tickets in (self.given, self._others):
            fitting = [ticket for ticket in tickets if _fits(ticket, training, draw)]
            if fitting:
                return _best(fitting, training)
        return _readable(own) if own is not None and own.is_file() else None


def own_ticket(rep: rundir.Rep, draw: Draw) -> Path:
    """Where a stage keeps the ticket of a draw."""
    return rep.named(ticket_file.name(draw))


def held(path: Path) -> Held:
    """The ticket in a file with where it comes from; one that does not say so raises UserError."""
    ticket = load(path)
    try:
        found = origin(ticket)
    except WorkloadError as error:
        raise UserError(f"{path}: {error}", code=2) from error
    widths = tuple(ticket.widths)
    return Held(Path(path), digest(ticket), found.training, found.draw, found.epoch, widths, ticket.provenance)


def _readable(path: Path) -> Optional[Held]:
    try:
        return held(path)
    except UserError:
        return None


def _fits(ticket: Held, training: Training, draw: Draw) -> bool:
    return ticket.draw == draw and all(getattr(ticket.training, name) == getattr(training, name) for name in SAME)


def _best(fitting: List[Held], training: Training) -> Held:
    asked = training.full()
    scores = [sum(ticket.training.full()[name] == value for name, value in asked.items()) for ticket in fitting]
    best = [ticket for ticket, score in zip(fitting, scores) if score == max(scores)]
    if len({(ticket.digest, ticket.epoch) for ticket in best}) > 1:
        names = ", ".join(str(ticket.path) for ticket in best)
        raise UserError(
            f"several tickets fit equally well: {names}; keep one of them, or name it with --ticket", code=2
        )
    return best[0]
