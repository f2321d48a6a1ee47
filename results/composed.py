"""Energy composed from joules per image in a steady state, as the published figures were, beside what was metered.

A full run's epochs but the first of each attempt give a steady state, and so do the windows of a profile.  Times the
images that a row is charged, summed over its stages, they give its composed energy.  Where a row was metered to its
end the two must agree: linearity is checked.  Joules of a meter share its gain and offset, so that these cancel there.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from harness.ledger import Row, StudyRuns
from harness.ledger import composed as ledger
from harness.ledger.composed import Composed, Steady, Term
from harness.published import LOW_PRECISION
from harness.study import PROFILED
from results.statistics import deviation, t95
from results.uncertainty import budget as budgets
from results.uncertainty.budget import NORMAL, Budget, Component, Interval, total
from results.uncertainty.cells import Reader, own_parts

EPOCHS, WINDOWS = "epochs", "windows"
NORMAL_95 = 1.96


class Amount(NamedTuple):
    """Joules and what may be wrong with them; `excludes` names what of it is not known."""

    joules: float
    budget: Budget
    excludes: str = ""

    @property
    def interval(self) -> Interval:
        return self.budget.interval(self.joules)


def composed(study: Any, row: Row, factor: float = LOW_PRECISION) -> Interval | None:
    """The composed energy of a row; None without a steady state.  Of a row in emulated 8 bits it is the estimate."""
    found = [part for part in ledger.rows(study.runs, row.energy.meter, factor) if _same(part, row)]
    amount = _amount(study.reader, found[0], estimated=found[0].emulated) if found else None
    return amount.interval if amount else None


def kind(row: Row) -> str:
    """What `composed` gives for a row, in a word."""
    return "estimated" if row.energy.emulated else "composed"


def frame(study: Any, factor: float = LOW_PRECISION) -> pd.DataFrame:
    """A row for each cell, repetition and meter that can be composed from `form`, epochs or windows.

    Windows are those of the study itself where it is a profile, else of the profile beside it; metered figures those of
    the study, or of the full run beside a profile.  `linear` tells whether the 95 % interval of composed / metered
    holds 1; None where nothing was metered.  `estimated_J`: a row in emulated 8 bits, with 8-bit epochs at `factor` of
    the FP32 energy.  `estimated_lf_J`, `estimated_ll_J`: what an early bird in FP32 would take with its search, or with
    all, in 8 bits.  Estimates are measured nowhere.
    """
    beside = _beside(study)
    full, profile = (beside, study) if study.runs.profiled else (study, beside)
    found: list[dict[str, Any]] = []
    for source, form in ((full, EPOCHS), (profile, WINDOWS)):
        if source is not None and (source is study or form == WINDOWS):
            found += _rows(source, form, full, factor)
    return pd.DataFrame(found)


def _rows(source: Any, form: str, full: Any, factor: float) -> Iterator[dict[str, Any]]:
    for meter in source.runs.meters:
        for part in ledger.rows(source.runs, meter, factor):
            amount = _amount(source.reader, part)
            if amount is not None:
                yield _row(source.reader, part, form, amount, _metered(full, part))


def _row(reader: Reader, part: Composed, form: str, amount: Amount, metered: Amount | None) -> dict[str, Any]:
    interval = amount.interval
    quotient = None
    if metered is not None:
        quotient = budgets.ratio((amount.joules, amount.budget), (metered.joules, metered.budget))
    estimate = _amount(reader, part, estimated=True) if part.emulated else None
    return {
        "cell": part.cell["id"],
        "repetition": part.repetition,
        "meter": part.meter,
        "simulated": part.simulated,
        "form": form,
        "emulated": part.emulated,
        "composed_J": amount.joules,
        "composed_low_J": interval.low,
        "composed_high_J": interval.high,
        "interval_excludes": amount.excludes,
        "composed_s": part.seconds,
        "metered_J": metered.joules if metered else None,
        "composed_over_metered": quotient.value if quotient else None,
        "ratio_low": quotient.low if quotient else None,
        "ratio_high": quotient.high if quotient else None,
        "linear": quotient.low <= 1 <= quotient.high if quotient else None,
        "estimated_J": estimate.joules if estimate else None,
        "estimated_low_J": estimate.interval.low if estimate else None,
        "estimated_high_J": estimate.interval.high if estimate else None,
        **_in_eight_bits(part, amount.joules),
    }


def _in_eight_bits(part: Composed, joules: float) -> dict[str, float | None]:
    """What an early bird in FP32 would take with 8-bit hardware; the factor also of rows that are emulated."""
    early = part.cell["method"] == "early_bird" and not part.emulated
    search = sum(term.images * term.steady.joules_per_image for term in part.terms if term.role == "search")
    return {
        "low_precision_factor": part.factor if early or part.emulated else None,
        "estimated_lf_J": part.factor * search + joules - search if early else None,
        "estimated_ll_J": part.factor * joules if early else None,
    }


def _amount(reader: Reader, part: Composed, estimated: bool = False) -> Amount | None:
    """The composed energy, or with `estimated` that with 8-bit hardware, with everything that may be wrong with it."""
    found = [_term(reader, part, term, estimated) for term in part.terms]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    excludes = next((one.excludes for one in known if one.excludes), "")
    return Amount(sum(one.joules for one in known), total(one.budget for one in known), excludes)


def _term(reader: Reader, part: Composed, term: Term, estimated: bool) -> Amount | None:
    scaled = estimated and term.eight_bit
    state = term.twin if scaled else term.steady
    if state is None:
        return None
    windows = [piece.reading.window for piece in state.pieces]
    energy = reader.parts(own_parts(state.run, windows), part.meter)
    if energy.joules is None:
        return None
    times = term.images / state.images * (part.factor if scaled else 1.0)
    scatter = _scatter(state, part.repetition)
    return Amount(energy.joules * times, total([energy.budget, scatter]).times(times), energy.excludes)


def _scatter(state: Steady, repetition: int) -> Budget:
    """How far another set of such pieces might be, in J over the images of these; nothing of one piece."""
    count = len(state.pieces)
    if count < 2:
        return Budget({})
    sd = deviation([piece.joules_per_image for piece in state.pieces]) / math.sqrt(count) * t95(count - 1) / NORMAL_95
    return Budget(
        {f"steadiness/{state.run.name}/{repetition}": Component(-sd * state.images, sd * state.images, NORMAL)}
    )


def _metered(full: Any, part: Composed) -> Amount | None:
    """The metered energy of the same row in the full run, where there is one that finished."""
    energy = None if full is None else full.energies.get((part.cell["id"], part.repetition, part.meter))
    return None if energy is None or energy.joules is None else Amount(energy.joules, energy.budget)


def neighbour(runs: StudyRuns) -> Path | None:
    """The folder of the same study in the other form, on the same machine, where there is one."""
    if runs.profiled and not runs.name.endswith(PROFILED):
        return None
    name = runs.name[: -len(PROFILED)] if runs.profiled else runs.name + PROFILED
    folder = runs.folder.machine.study(name)
    return folder.folder if folder.cells.is_file() else None


def _beside(study: Any) -> Any:
    """The same study in the other form; None where there is none."""
    folder = neighbour(study.runs)
    return folder and type(study)(StudyRuns.open(folder), study.allow_gaps, study.correct_lag)


def _same(part: Composed, row: Row) -> bool:
    return (part.cell["id"], part.repetition) == (row.cell["id"], row.repetition)
