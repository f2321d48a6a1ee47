"""Energy composed from a steady state: joules per image x images per epoch x epochs, summed over what a row is charged.

A profile has windows to take joules from, a full run its epochs but the first of each attempt.  The published figures
were made in this way.
"""

from typing import Any, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from harness.ledger.charges import epochs
from harness.ledger.energies import Reading
from harness.ledger.rows import StudyRuns
from harness.ledger.stage import StageRun
from harness.published import LOW_PRECISION


class Piece(NamedTuple):
    """A stretch of steady work and the images trained in it."""

    reading: Reading
    images: int

    @property
    def joules_per_image(self) -> float:
        assert self.reading.own_joules is not None
        return self.reading.own_joules / self.images


class Steady(NamedTuple):
    """The steady state of a stage on one meter."""

    run: StageRun
    pieces: Tuple[Piece, ...]

    @property
    def images(self) -> int:
        return sum(piece.images for piece in self.pieces)

    @property
    def joules_per_image(self) -> float:
        return sum(piece.reading.own_joules or 0.0 for piece in self.pieces) / self.images

    @property
    def seconds_per_image(self) -> float:
        return sum(piece.reading.own_seconds for piece in self.pieces) / self.images


class Term(NamedTuple):
    """A number of epochs of a steady state; `eight_bit`: their precision is emulated, `twin` the same in FP32."""

    role: str
    epochs: int
    steady: Steady
    eight_bit: bool
    twin: Optional[Steady]

    @property
    def images(self) -> int:
        return self.epochs * int(self.steady.run.result["images"])


class Composed(NamedTuple):
    """The composed energy of a row.  `low_J` to `high_J` are what its lowest and its highest windows would give.

    `estimated_J`: of a row in emulated 8 bits, what it would take with 8-bit epochs at `factor` of the FP32 energy; an
    estimate, measured nowhere.  `joules` are then those of the emulation.
    """

    cell: Mapping[str, Any]
    repetition: int
    meter: str
    boundaries: Tuple[str, ...]
    simulated: bool
    terms: Tuple[Term, ...]
    factor: float
    reason: str

    @property
    def joules(self) -> Optional[float]:
        return sum(term.images * term.steady.joules_per_image for term in self.terms) if self.terms else None

    @property
    def low_J(self) -> float:
        return sum(term.images * min(piece.joules_per_image for piece in term.steady.pieces) for term in self.terms)

    @property
    def high_J(self) -> float:
        return sum(term.images * max(piece.joules_per_image for piece in term.steady.pieces) for term in self.terms)

    @property
    def seconds(self) -> Optional[float]:
        return sum(term.images * term.steady.seconds_per_image for term in self.terms) if self.terms else None

    @property
    def emulated(self) -> bool:
        return any(term.eight_bit for term in self.terms)

    @property
    def estimated_J(self) -> Optional[float]:
        if not self.emulated or any(term.eight_bit and term.twin is None for term in self.terms):
            return None
        return sum(term.images * _unit(term, self.factor) for term in self.terms)


def steady(run: StageRun, meter: str) -> Optional[Steady]:
    """A stage's steady state; None where a part of it was not covered, or with fewer than two epochs of a full run."""
    profiled = "windows" in run.result
    found = finished(run, meter, profiled)
    if not profiled:
        first = {reading.window.attempt: reading.window.epoch for reading in reversed(found)}
        found = [reading for reading in found if reading.window.epoch != first[reading.window.attempt]]
    if len(found) < (1 if profiled else 2) or any(reading.own_joules is None for reading in found):
        return None
    return Steady(
        run, tuple(Piece(r, int(r.window.notes["images"] if profiled else run.result["images"])) for r in found)
    )


def finished(run: StageRun, meter: str, profiled: bool) -> List[Reading]:
    """The windows of a profile that trained images, or the epochs of a full run: those that count and were finished."""
    kind = "window" if profiled else "epoch"
    found = [r for r in run.energies(meter) if r.window.phase == kind and r.window.role and not r.window.lost]
    return [r for r in found if r.window.ended and (r.window.notes.get("images") or not profiled)]


def rows(study: StudyRuns, meter: Optional[str] = None, factor: float = LOW_PRECISION) -> List[Composed]:
    """The composed energy of each cell and repetition that was begun."""
    found = []
    for row in study.rows(meter):
        terms = _terms(study, row.cell, row.repetition, row.energy.meter)
        missing = [stage for stage, term in terms if term is None]
        found.append(
            Composed(
                row.cell,
                row.repetition,
                row.energy.meter,
                row.energy.boundaries,
                row.energy.simulated,
                () if missing else tuple(term for _, term in terms if term is not None),
                factor,
                "stage {} has no steady state that a meter covered".format(missing[0]) if missing else "",
            )
        )
    return found


def _terms(
    study: StudyRuns, cell: Mapping[str, Any], repetition: int, meter: str
) -> Sequence[Tuple[str, Optional[Term]]]:
    return [(item["stage"], _term(study, item, repetition, meter)) for item in cell["charges"]]


def _term(study: StudyRuns, item: Mapping[str, Any], repetition: int, meter: str) -> Optional[Term]:
    run = study.run(item["stage"], repetition)
    count = epochs(item, run) if run else None
    state = steady(run, meter) if run and run.result else None
    if run is None or count is None or state is None:
        return None
    other = study.run(item["fp32_stage"], repetition) if item.get("fp32_stage") else None
    twin = steady(other, meter) if other and other.result else None
    return Term(item["role"], count, state, run.emulated, twin)


def _unit(term: Term, factor: float) -> float:
    """Joules per image as they would be with 8-bit hardware."""
    return factor * term.twin.joules_per_image if term.eight_bit and term.twin else term.steady.joules_per_image
