"""After how many epochs tickets are drawn, and where they are: what a plan can know before anything has run."""

from typing import Dict, List, NamedTuple, Optional, Tuple

from harness import published, rundir
from harness.plan import Cell, Plan, stage_name
from harness.shelf import Held, Shelf, own_ticket
from workloads.job import UNDETECTED, Charge, Draw, Training

TYPICAL = 0.125  # of all epochs are searched, as the paper's text says of its own early birds
CASES = (
    "early",
    "likely",
    "late",
)  # when tickets are drawn: as early as can be, when they are thought to be, at the end


class Count(NamedTuple):
    """A number of epochs, and who says so: asked, ticket, published (decoded from there), or assumed."""

    epochs: int
    told_by: str


class Finder:
    """Looks for each ticket of a plan once, and keeps what was found."""

    def __init__(self, plan: Plan, shelf: Shelf, board: rundir.Machine):
        self._plan, self._shelf, self._board = plan, shelf, board
        self._found: Dict[Tuple[Training, Draw], Optional[Held]] = {}
        self.used: List[Held] = []

    def find(self, training: Training, draw: Draw) -> Optional[Held]:
        """The ticket of a draw: given, on the shelf, or left by a run of the training on this machine."""
        key = training.without_draws(), draw
        if key not in self._found:
            stage = self._plan.stage_of(Charge(training))
            own = own_ticket(self._board.rep(stage_name(stage), 1), draw)
            self._found[key] = self._shelf.find(training, draw, own)
        held = self._found[key]
        self.used += [held] if held is not None else []
        return held

    def epochs(self, cell: Cell, charge: Charge, case: str = "likely") -> Count:
        """The epochs of a training that a cell is charged."""
        training = charge.training
        start, stop = self._start(cell, training, case), Count(training.last_epoch, "asked")
        if charge.until is not None:
            draws = (charge.until,) + charge.also
            stop = max(self.drawn_after(cell, training, draw, case) for draw in draws)
        elif training.trial_epochs is not None:
            stop = Count(min(training.last_epoch, start.epochs + training.trial_epochs), start.told_by)
        return Count(max(0, stop.epochs - start.epochs), stop.told_by if stop.told_by != "asked" else start.told_by)

    def _start(self, cell: Cell, training: Training, case: str) -> Count:
        """The first epoch of a training."""
        if training.choice is not None:
            trial = training.choice.trials[-1]
            begun = self._start(cell, trial, case)
            return begun._replace(epochs=begun.epochs + (trial.trial_epochs or 0))
        if training.start is None and training.source is not None:
            return self.drawn_after(cell, training.source.training, training.source.draw, case)
        return Count(training.start or 0, "asked")

    def drawn_after(self, cell: Cell, training: Training, draw: Draw, case: str = "likely") -> Count:
        """The epochs after which a ticket is drawn."""
        last = training.last_epoch
        if draw.rule in UNDETECTED:
            return Count(draw.at or last, "asked")
        held = self.find(training, draw)
        if held is not None:
            return Count(held.epoch, "ticket")
        least = min(last, draw.window + (draw.rule == "consecutive"))
        if case != "likely":
            return Count(least if case == "early" else last, "assumed")
        printed = published.find(cell.model, cell.dataset, published.row_name(cell.method, cell.options), cell.ratio)
        if printed is not None and printed.search_epochs is not None:
            return Count(min(last, printed.search_epochs), "published")
        return Count(max(least, int(round(TYPICAL * last))), "assumed")
