"""Energy composed from joules per epoch, as the paper's own figures were made, beside what was metered.

A stage's steady epochs - all but the first - give joules per epoch with a t interval; times the epochs that a row is
charged, summed over its stages, they give the composed energy.  Where the row was metered to its end the two must
agree: linearity is checked.
"""

import math
from typing import Any, NamedTuple

import pandas as pd

from harness.ledger import StageRun
from harness.ledger.charges import epochs
from results.statistics import deviation, t95
from results.uncertainty.budget import Interval

WARM_UP = 1
LOW_PRECISION = 0.18  # decoded from the paper: the energy of an 8-bit epoch over that of an FP32 one


class PerEpoch(NamedTuple):
    """Joules of one steady epoch of a stage, without what is inside it and around it."""

    joules: float
    half_J: float
    epochs: int


def per_epoch(run: StageRun, meter: str) -> PerEpoch | None:
    """The mean over a stage's steady epochs; None with fewer than two of them, or where one was not covered."""
    found = [r for r in run.energies(meter) if r.window.phase == "epoch" and not r.window.lost and r.window.ended]
    first = {reading.window.attempt: reading.window.epoch for reading in reversed(found)}
    steady = [reading.own_joules for reading in found if reading.window.epoch != first[reading.window.attempt]]
    known = [joules for joules in steady if joules is not None]
    if len(known) < 2 or len(known) < len(steady):
        return None
    half = t95(len(known) - 1) * deviation(known) / math.sqrt(len(known))
    return PerEpoch(math.fsum(known) / len(known), half, len(known))


def frame(study: Any, factor: float = LOW_PRECISION) -> pd.DataFrame:
    """A row for each cell, repetition and meter: composed beside metered, and the deviation.

    `estimated_lf_J`, `estimated_ll_J`: what the row would take with the search, or with both trainings, in 8 bits at
    `factor` of the FP32 energy; an estimate, measured nowhere.
    """
    found = [_row(study, row, factor) for meter in study.meters for row in study.runs.rows(meter)]
    return pd.DataFrame([row for row in found if row is not None])


def composed(study: Any, row: Any) -> Interval | None:
    """The composed energy of a row (`harness.ledger.Row`), scatter of its epochs as interval; None without epochs."""
    parts = _parts(study, row)
    if parts is None:
        return None
    value = sum(count * part.joules for _, count, part in parts)
    half = math.sqrt(sum((count * part.half_J) ** 2 for _, count, part in parts))
    return Interval(value, value - half, value + half)


def _parts(study: Any, row: Any) -> list[tuple[str, int, PerEpoch]] | None:
    """(role, epochs charged, joules per epoch) of each stage of a row."""
    parts = []
    for item in row.cell["charges"]:
        run = study.runs.run(item["stage"], row.repetition)
        count = epochs(item, run) if run else None
        each = per_epoch(run, row.energy.meter) if run else None
        if count is None or each is None:
            return None
        parts.append((item["role"], count, each))
    return parts


def _row(study: Any, row: Any, factor: float) -> dict[str, Any] | None:
    interval, parts = composed(study, row), _parts(study, row)
    if interval is None or parts is None:
        return None
    metered = row.energy.headline_J
    search = sum(count * part.joules for role, count, part in parts if role == "search")
    retrain = interval.value - search
    early = row.cell["method"] == "early_bird" and not row.energy.emulated
    return {
        "cell": row.cell["id"],
        "repetition": row.repetition,
        "meter": row.energy.meter,
        "simulated": row.energy.simulated,
        "composed_J": interval.value,
        "composed_low_J": interval.low,
        "composed_high_J": interval.high,
        "metered_J": metered,
        "composed_over_metered": interval.value / metered if metered else None,
        "low_precision_factor": factor if early else None,
        "estimated_lf_J": factor * search + retrain if early else None,
        "estimated_ll_J": factor * (search + retrain) if early else None,
    }
