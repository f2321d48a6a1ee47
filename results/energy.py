"""Energy as frames: cells, phases, epochs and windows, each row with its meter, boundary and `simulated`."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from harness.ledger import Reading, Row, StageRun, StudyRuns
from harness.ledger.charges import HEADLINE, charged, phase_of, total
from harness.ledger.flops import TABLE_UNIT
from results.uncertainty.cells import LEAST_PERIODS, Energy, Key, Part, Reader, key, own_parts

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


def phases(reader: Reader) -> pd.DataFrame:
    """Energy of each phase of each cell, outside the phases inside it, with its 95 % interval.

    `headline`: counted in the cell's energy.  What belongs to a whole stage (load, idle, ...) is the same for every
    cell that is charged the stage.  A phase whose windows are shorter than 30 native periods has no energy of its own
    unless the meter has a counter; `attributed_energy_J` is what the headline holds of it.
    """
    return pd.DataFrame(
        [
            line
            for meter in reader.study.meters or [""]
            for row in reader.study.rows(meter)
            for line in _phases(reader, row, meter)
        ]
    )


def _phases(reader: Reader, row: Row, meter: str) -> Iterator[dict[str, Any]]:
    windows: dict[str, list[tuple[StageRun, Reading]]] = {}
    for item in row.cell["charges"]:
        run = reader.study.run(item["stage"], row.repetition)
        if run is not None:
            for reading in charged(item, run, meter):
                windows.setdefault(phase_of(reading), []).append((run, reading))
    for part in row.energy.parts:
        yield _phase(reader, row, part.phase, windows[part.phase], part.joules, part.seconds)
    for phase in WHOLE_STAGE:
        found = _whole_stage(reader.study, row, meter, phase)
        if found:
            yield _phase(reader, row, phase, found, total([r.own_joules for _, r in found]),
                         sum(r.own_seconds for _, r in found))  # fmt: skip


def _phase(
    reader: Reader,
    row: Row,
    phase: str,
    found: list[tuple[StageRun, Reading]],
    joules: float | None,
    seconds: float,
) -> dict[str, Any]:
    runs = list(dict.fromkeys(run for run, _ in found))
    parts = [part for run in runs for part in own_parts(run, [r.window for other, r in found if other is run])]
    measured = reader.parts(parts, row.energy.meter, short=_too_short(found))
    return {
        **_identity(row),
        "phase": phase,
        "headline": phase in HEADLINE,
        **_figure(measured),
        "attributed_energy_J": joules,
        "time_s": seconds,
        "windows": len(found),
    }


def _too_short(found: list[tuple[StageRun, Reading]]) -> bool:
    """Whether windows are too short for a figure, on average."""
    return sum(r.seconds - LEAST_PERIODS * run.meter(r.meter).get("period_s", 0.0) for run, r in found) < 0


def epochs(reader: Reader) -> pd.DataFrame:
    """One row for each epoch that counts, stage by stage."""
    found = []
    for run, meter in _stages(reader.study):
        tested = {
            r.window.epoch: r.window.notes
            for r in run.energies(meter)
            if r.window.phase == "evaluate" and not r.window.lost
        }
        for reading in run.energies(meter):
            if reading.window.phase == "epoch" and not reading.window.lost:
                notes = reading.window.notes
                row = _window(run, reading) | _measured_window(reader, run, reading)
                row.update({key: notes.get(key) for key in ("loss", "train_accuracy", "lr")})
                shown = tested.get(reading.window.epoch, {})
                found.append(row | {key: shown.get(key) for key in ("accuracy", "accuracy_top5")})
    return _whole_numbers(pd.DataFrame(found), "epoch")


def windows(reader: Reader) -> pd.DataFrame:
    """One row for each window of each stage, in the order of time within its attempt, with its 95 % interval.

    `own_energy_J` is what the window holds outside its children; own parts sum to the stage.  A window of less than 30
    native periods has `energy_J` only from a meter's own counter: its own part is an attribution, not a measurement.
    """
    found = []
    for run, meter in _stages(reader.study):
        for reading in run.energies(meter):
            found.append(_window(run, reading) | _measured_window(reader, run, reading))
    return _whole_numbers(pd.DataFrame(found), "epoch")


def _measured_window(reader: Reader, run: StageRun, reading: Reading) -> dict[str, Any]:
    """Interval, quality and source of one window; the ledger's reason where it was not recorded to its end."""
    window = reading.window
    if window.stop_ns is None or window.stop_ns <= window.start_ns or not reading.meter:
        return _figure(None) | {"why_no_energy": reading.reason or "it has no end"}
    part = Part(run, window.attempt, [(window.start_ns, window.stop_ns)])
    found = _figure(reader.parts([part], reading.meter))
    quality = {"coverage": reading.coverage, "longest_gap_s": reading.longest_gap_s}
    return found | quality if found["energy_J"] is None else found


def _whole_numbers(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Counts stay whole although some rows have none."""
    return frame.astype({column: "Int64"}) if column in frame else frame


def _stages(study: StudyRuns) -> Iterator[tuple[StageRun, str]]:
    for run in study.runs():
        for meter in run.meters or [""]:
            yield run, meter


def _whole_stage(study: StudyRuns, row: Row, meter: str, phase: str) -> list[tuple[StageRun, Reading]]:
    runs = [study.run(item["stage"], row.repetition) for item in row.cell["charges"]]
    return [(run, r) for run in runs if run for r in run.energies(meter) if r.window.phase == phase and r.window.ended]


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
        "calibration": "; ".join(energy.calibrations),
    }


def _cell(row: Row, measured: Energy | None) -> dict[str, Any]:
    energy = row.energy
    return _identity(row) | {
        "accuracy_end": row.accuracy_final,
        "accuracy_best": row.accuracy_best,
        "accuracy_top5_end": row.accuracy_top5,
        **_figure(measured),
        **_net(measured),
        "time_s": energy.seconds,
        "flops": row.flops,
        "flops_0.05P": None if row.flops is None else row.flops / TABLE_UNIT,
        "epochs_searched": row.epochs_searched,
        "early_bird_fired": energy.fired,
        "shared_stage": energy.shared,
        "resumed": energy.resumed,
        "throttled": energy.throttled,
        "emulated": energy.emulated,
        "lost_J": energy.lost_J,
        "held_s": energy.held_s,
        "why_no_energy": measured.reason if measured else "; ".join(energy.reasons),
    }


FIGURE = [
    *("energy_J", "energy_low_J", "energy_high_J", "mean_power_W", "peak_power_W", "coverage", "longest_gap_s"),
    *("samples", "rule_spread_J", "lag_J"),
]
NET = ["energy_net_of_idle_J", "energy_net_low_J", "energy_net_high_J", "idle_before_W", "idle_after_W"]


def _figure(measured: Energy | None) -> dict[str, Any]:
    """Energy with its interval, coverage and the spread of integration rules; None where there is no figure."""
    if measured is None:
        return {**dict.fromkeys(FIGURE), "interval_excludes": "", "energy_from": "", "why_no_energy": ""}
    known = {"coverage": measured.coverage, "longest_gap_s": measured.longest_gap_s, "samples": measured.samples}
    interval = measured.interval
    if interval is None:
        words = {"interval_excludes": "", "energy_from": "", "why_no_energy": measured.reason}
        return {**dict.fromkeys(FIGURE), **known, **words}
    return {
        **dict(zip(FIGURE, interval, strict=False)),
        "mean_power_W": interval.value / measured.seconds if measured.seconds else None,
        "peak_power_W": measured.peak_W,
        **known,
        "rule_spread_J": measured.rule_spread_J,
        "lag_J": measured.lag_J,
        "interval_excludes": measured.excludes,
        "energy_from": measured.source,
        "why_no_energy": "",
    }


def _net(measured: Energy | None) -> dict[str, Any]:
    net = measured.net_interval if measured else None
    if measured is None or net is None:
        return dict.fromkeys(NET)
    return dict(zip(NET, (*net, measured.idle_W, measured.idle_after_W), strict=True))


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
        "own_energy_J": reading.own_joules,
        "meter": reading.meter,
        "boundary": "+".join(run.boundaries(reading.meter)),
        "simulated": run.simulated(reading.meter),
        "why_no_energy": reading.reason or "",
    }
