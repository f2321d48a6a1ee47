"""The profile form of a study: windows of each distinct network, and of what epochs of them each cell is composed."""

from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from harness import published
from harness.errors import UserError
from harness.finder import Finder
from harness.plan import Cell, Plan, cell_json, stage_name
from harness.shelf import Held, Shelf
from harness.study import Study
from workloads.job import EMULATED, Charge, Draw, Training
from workloads.profile import steady, ticket_draw


class Need(NamedTuple):
    """A ticket that is not at hand."""

    cell: str
    training: Training
    draw: Draw

    def __str__(self) -> str:
        return f"{self.cell} needs the ticket {_told(self.training, self.draw)}"


def _told(training: Training, draw: Draw) -> str:
    """A ticket by all that it is matched by."""
    return (
        f"{draw.key} of {training.model} on {training.dataset} "
        f"(width {training.width:g}, {training.precision}, learning rate {training.lr:g})"
    )


class Share(NamedTuple):
    """What a cell is charged: a number of epochs, known from `told_by`, of what a stage profiles.

    `stage` is None where its ticket is missing.  `twin`: the same network in FP32, for an emulated precision.
    """

    role: str
    stage: Optional[Training]
    epochs: int
    told_by: str
    twin: Optional[Training]


class ProfileCell(NamedTuple):
    """A table row of the full form with the shares that it is composed of, and where its accuracy comes from."""

    cell: Cell
    shares: Tuple[Share, ...]
    accuracy: Optional[float]
    accuracy_from: str

    @property
    def id(self) -> str:
        return self.cell.id


class ProfilePlan(NamedTuple):
    """Cells, the stages that profile their networks, and the tickets at hand and missing."""

    study: Study
    cells: Tuple[ProfileCell, ...]
    stages: Tuple[Training, ...]
    tickets: Dict[Training, Held]
    missing: Tuple[Need, ...]

    def sources_of(self, stage: Training) -> List[Training]:
        """A profile starts from a file or from nothing."""
        return []

    def ticket_of(self, stage: Training) -> Optional[Held]:
        return self.tickets.get(stage)

    def as_json(self) -> Dict[str, Any]:
        """What cells.json holds."""
        return {
            "schema": 1,
            "study": self.study.name,
            "form": "profile",
            "repetitions": self.study.repetitions,
            "cells": [_cell_json(cell) for cell in self.cells],
        }

    def check(self) -> None:
        """Raises UserError with all that is missing."""
        if self.missing:
            raise UserError(
                f"{'; '.join(map(str, self.missing))}: run the full form of this study on a machine with the time, "
                "take its ticket out with 'harness ticket export', and give it here with --ticket FILE or "
                "'harness ticket import' (--only leaves rows out)"
            )


def profile(plan: Plan, finder: Finder, shelf: Shelf) -> ProfilePlan:
    """The profile form of a plan; a ticket that was given for it and that none of its rows needs raises."""
    networks = _Networks(plan.study.windows, finder)
    cells = tuple(_cell(cell, networks) for cell in plan.cells)
    stages = [stage for cell in cells for share in cell.shares for stage in (share.stage, share.twin) if stage]
    unused = [ticket for ticket in shelf.given if ticket not in finder.used]
    if unused:
        path, told = unused[0].path, _told(unused[0].training, unused[0].draw)
        needs = "".join(f"; {need}" for need in networks.missing)
        raise UserError(f"no row of study {plan.study.name} needs the ticket {path}, {told}{needs}", code=2)
    return ProfilePlan(plan.study, cells, tuple(dict.fromkeys(stages)), networks.tickets, tuple(networks.missing))


class _Networks:
    """The stages that profile trainings, with the tickets they start from and those that are missing."""

    def __init__(self, windows: int, finder: Finder):
        self._windows, self.finder = windows, finder
        self.tickets: Dict[Training, Held] = {}
        self.missing: List[Need] = []

    def stage(self, cell: Cell, training: Training) -> Optional[Training]:
        """What profiles a training; None, and a need more, where its ticket is missing."""
        if training.choice is not None:
            raise UserError(
                f"{cell.id} chooses its ratio by training, so it has no profile form: leave it out with --only", code=2
            )
        draw = ticket_draw(training)
        if draw is None or training.source is None:
            return steady(training, self._windows)
        held = self.finder.find(training.source.training, draw)
        if held is None:
            need = Need(cell.id, training.source.training, draw)
            self.missing += [] if need in self.missing else [need]
            return None
        stage = steady(training, self._windows, held.digest)
        self.tickets[stage] = held
        return stage


def _cell(cell: Cell, networks: _Networks) -> ProfileCell:
    shares = tuple(_share(cell, charge, networks) for charge in cell.charges)
    quoted = _quoted_by_tickets(cell, networks.finder)
    if quoted is not None:
        return ProfileCell(cell, shares, quoted, "ticket")
    printed = published.find(cell.model, cell.dataset, published.row_name(cell.method, cell.options), cell.ratio)
    if printed is not None and printed.accuracy is not None:
        return ProfileCell(cell, shares, printed.accuracy, "published")
    return ProfileCell(cell, shares, None, "none")


def _quoted_by_tickets(cell: Cell, finder: Finder) -> Optional[float]:
    """The accuracy that the row's ticket says its training has reached, where it says so."""
    sources = [charge.training.source for charge in cell.charges if ticket_draw(charge.training) is not None]
    held = [finder.find(source.training, source.draw) for source in sources if source is not None]
    told = [ticket.provenance.get("accuracy_final") for ticket in held if ticket is not None]
    return told[-1] if told and isinstance(told[-1], float) else None


def _share(cell: Cell, charge: Charge, networks: _Networks) -> Share:
    training, count = charge.training, networks.finder.epochs(cell, charge)
    twin = replace(training, precision="fp32") if training.precision in EMULATED else None
    return Share(
        training.role,
        networks.stage(cell, training),
        count.epochs,
        count.told_by,
        None if twin is None else networks.stage(cell, twin),
    )


def _cell_json(cell: ProfileCell) -> Dict[str, Any]:
    charges = [
        {
            "role": share.role,
            "stage": stage_name(share.stage) if share.stage else None,
            "until": None,
            "epochs": share.epochs,
            "epochs_from": share.told_by,
            "fp32_stage": stage_name(share.twin) if share.twin else None,
        }
        for share in cell.shares
    ]
    accuracy = {"value": cell.accuracy, "source": cell.accuracy_from}
    return dict(cell_json(cell.cell, charges), accuracy=accuracy)
