"""Energy as frames: cells, phases, epochs and windows, each row with its meter, boundary and `simulated`."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from harness.ledger import Reading, Row, StageRun, StudyRuns
from harness.ledger.charges import HEADLINE, charged, phase_of
from harness.ledger.flops import TABLE_UNIT
from results.uncertainty import causes
from results.uncertainty.budget import total
from results.uncertainty.cells import LEAST_PERIODS, Energy, Key, Recordings, key, peak_W

TOO_SHORT = f"shorter than {LEAST_PERIODS} native periods"
WHOLE_STAGE = ("load", "idle", "sync", "window", "cooldown")


def cells(study: StudyRuns, energies: Mapping[Key, Energy]) -> pd.DataFrame:
    """One row for each cell, repetition and meter; `energy_low_J` to `energy_high_J` is the 95 % interval."""
    rows = [row for meter in study.meters or [""] for row in study.rows(meter)]
    return _whole_numbers(pd.DataFrame([_cell(row, energies.get(key(row))) for row in rows]), "epochs_searched")


def budgets(study: StudyRuns, energies: Mapping[Key, Energy]) -> pd.DataFrame:
    """One row for each cause of each cell's uncertainty: its own 95 % interval about the measured energy."""
    found = []
    for (cell, repetition, meter), measured in energies.items():
        for cause, interval in measured.budget.by_cause().items():
            found.append(
                {
                    "cell": cell,
                    "repetition": repetition,
                    "meter": meter,
                    "cause": cause,
                    "low_J": interval.low,
                    "high_J": interval.high,
                    "expanded_J": interval.expanded,
                }
            )
    return pd.DataFrame(found)


def phases(study: StudyRuns) -> pd.DataFrame:
    """Energy of each phase of each cell, outside the phases inside it.

    `headline`: counted in the cell's energy.  What belongs to a whole stage (load, idle, ...) is the same for every
    cell that is charged the stage.  A phase whose windows are shorter than 30 native periods has no energy of its own;
    `attributed_energy_J` is what the headline holds of it.
    """
    found = []
    for meter in study.meters or [""]:
        for row in study.rows(meter):
            shortest = _shortest(study, row, meter)
            parts = [(part.phase, part.joules, part.seconds) for part in row.energy.parts]
            parts += list(_whole_stages(study, row, meter))
            for phase, joules, seconds in parts:
                short = shortest.get(phase, False) and joules is not None
                found.append(
                    {
                        **_identity(row),
                        "phase": phase,
                        "headline": phase in HEADLINE,
                        "energy_J": None if short else joules,
                        "attributed_energy_J": joules,
                        "time_s": seconds,
                        "mean_power_W": joules / seconds if joules is not None and seconds and not short else None,
                        "why_no_energy": TOO_SHORT if short else "",
                    }
                )
    return pd.DataFrame(found)


def _shortest(study: StudyRuns, row: Row, meter: str) -> dict[str, bool]:
    """For each phase of a row whether its windows are too short for a figure, on average."""
    lengths: dict[str, list[float]] = {}
    for item in row.cell["charges"]:
        run = study.run(item["stage"], row.repetition)
        for reading in charged(item, run, meter) if run else ():
            limit = LEAST_PERIODS * run.meter(meter).get("period_s", 0.0) if run else 0.0
            lengths.setdefault(phase_of(reading), []).append(reading.seconds - limit)
    return {phase: sum(over) < 0 for phase, over in lengths.items()}


def epochs(study: StudyRuns) -> pd.DataFrame:
    """One row for each epoch that counts, stage by stage."""
    found = []
    for run, meter in _stages(study):
        accuracy = {
            r.window.epoch: r.window.notes.get("accuracy")
            for r in run.energies(meter)
            if r.window.phase == "evaluate" and not r.window.lost
        }
        for reading in run.energies(meter):
            if reading.window.phase == "epoch" and not reading.window.lost:
                notes = reading.window.notes
                row = _window(run, reading)
                row.update({key: notes.get(key) for key in ("loss", "train_accuracy", "lr")})
                found.append(row | {"accuracy": accuracy.get(reading.window.epoch)})
    return _whole_numbers(pd.DataFrame(found), "epoch")


def windows(study: StudyRuns) -> pd.DataFrame:
    """One row for each window of each stage, in the order of time within its attempt, with its 95 % interval.

    `own_energy_J` is what the window holds outside its children; own parts sum to the stage.  A window of less than 30
    native periods has no `energy_J`: its own part is an attribution, not a measurement.
    """
    recordings = Recordings()
    found = []
    for run, meter in _stages(study):
        for reading in run.energies(meter):
            found.append(_window(run, reading) | _uncertain(run, reading, recordings))
    return _whole_numbers(pd.DataFrame(found), "epoch")


def _uncertain(run: StageRun, reading: Reading, recordings: Recordings) -> dict[str, Any]:
    """Interval, peak and count of samples of one window."""
    window, known = reading.window, reading.joules is not None and reading.window.stop_ns is not None
    empty = {"energy_low_J": None, "energy_high_J": None, "peak_power_W": None, "samples": None}
    if not known or reading.joules is None or window.stop_ns is None:
        return empty
    if reading.seconds < LEAST_PERIODS * run.meter(reading.meter).get("period_s", 0.0):
        return empty | {"energy_J": None, "mean_power_W": None, "why_no_energy": TOO_SHORT}
    channels = recordings.of(run, window.attempt, reading.meter)
    spans = [(window.start_ns, window.stop_ns)]
    idle_W = run.idle_W(reading.meter, window.attempt) or 0.0
    budget = total(causes.budget(samples, spans, reading.meter, idle_W) for samples in channels)
    interval = budget.interval(reading.joules)
    return {
        "energy_low_J": interval.low,
        "energy_high_J": interval.high,
        "peak_power_W": peak_W(channels, spans),
        "samples": channels[0].count(spans),
    }


def _whole_numbers(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Counts stay whole although some rows have none."""
    return frame.astype({column: "Int64"}) if column in frame else frame


def _stages(study: StudyRuns) -> Iterator[tuple[StageRun, str]]:
    for run in study.runs():
        for meter in run.meters or [""]:
            yield run, meter


def _whole_stages(study: StudyRuns, row: Row, meter: str) -> Iterator[tuple[str, float | None, float]]:
    runs = [study.run(item["stage"], row.repetition) for item in row.cell["charges"]]
    readings = [reading for run in runs if run for reading in run.energies(meter)]
    for phase in WHOLE_STAGE:
        some = [reading for reading in readings if reading.window.phase == phase]
        if some:
            joules = [reading.own_joules for reading in some]
            known = [part for part in joules if part is not None]
            yield phase, sum(known) if len(known) == len(joules) else None, sum(r.own_seconds for r in some)


def _identity(row: Row) -> dict[str, Any]:
    cell, energy = row.cell, row.energy
    return {
        "cell": cell["id"],
        "method": cell["label"],
        "model": cell["model"],
        "dataset": cell["dataset"],
        "ratio": cell["ratio"],
        "seed": cell["seed"],
        "repetition": row.repetition,
        "meter": energy.meter,
        "boundary": "+".join(energy.boundaries),
        "simulated": energy.simulated,
    }


def _cell(row: Row, measured: Energy | None) -> dict[str, Any]:
    energy = row.energy
    return _identity(row) | {
        "accuracy_end": row.accuracy_final,
        "accuracy_best": row.accuracy_best,
        **_measured(measured, energy.seconds),
        "time_s": energy.seconds,
        "flops": row.flops,
        "flops_0.05P": None if row.flops is None else row.flops / TABLE_UNIT,
        "epochs_searched": row.epochs_searched,
        "early_bird_fired": energy.fired,
        "shared_stage": energy.shared,
        "resumed": energy.resumed,
        "emulated": energy.emulated,
        "lost_J": energy.lost_J,
        "held_s": energy.held_s,
        "why_no_energy": measured.reason if measured else "; ".join(energy.reasons),
    }


MEASURED = [
    *("energy_J", "energy_low_J", "energy_high_J", "energy_net_of_idle_J", "energy_net_low_J", "energy_net_high_J"),
    *("mean_power_W", "peak_power_W", "coverage", "longest_gap_s", "samples", "rule_spread_J", "lag_J"),
]


def _measured(measured: Energy | None, seconds: float) -> dict[str, Any]:
    """Energy with its interval, coverage and the spread of integration rules; None where there is no figure."""
    interval, net = (measured.interval, measured.net_interval) if measured else (None, None)
    if measured is None or interval is None or net is None:
        return {**dict.fromkeys(MEASURED), "interval_excludes": ""}
    rules = (interval.value, measured.left_J, measured.right_J)
    power = [interval.value / seconds if seconds else None, measured.peak_W]
    quality = [measured.coverage, measured.longest_gap_s, measured.samples, max(rules) - min(rules), measured.lag_J]
    values = [*interval, *net, *power, *quality]
    return {**dict(zip(MEASURED, values, strict=True)), "interval_excludes": measured.excludes}


def _window(run: StageRun, reading: Reading) -> dict[str, Any]:
    window = reading.window
    begins = {w.attempt: w.start_ns for w in run.windows() if w.parent is None}
    return {
        "stage": run.name,
        "repetition": run.repetition,
        "attempt": window.attempt,
        "phase": window.phase,
        "role": window.role,
        "epoch": window.epoch,
        "depth": window.depth,
        "lost": window.lost,
        "start_s": (window.start_ns - begins[window.attempt]) / 1e9,
        "time_s": reading.seconds,
        "own_time_s": reading.own_seconds,
        "energy_J": reading.joules,
        "own_energy_J": reading.own_joules,
        "mean_power_W": reading.mean_W,
        "coverage": reading.coverage,
        "longest_gap_s": reading.longest_gap_s,
        "meter": reading.meter,
        "boundary": "+".join(run.boundaries(reading.meter)),
        "simulated": run.simulated(reading.meter),
        "why_no_energy": reading.reason or "",
    }
