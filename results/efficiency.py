"""What a joule bought: energy per image and per FLOP, and the energy up to the first epoch of a target accuracy."""

from typing import Any, NamedTuple

import pandas as pd

from harness.ledger import Row, StageRun, StudyRuns
from harness.ledger.charges import epochs
from harness.ledger.flops import TABLE_UNIT
from harness.quantities import duration, kilojoules, percent, prefixed, significant
from harness.summary import Sheet
from results import intervals
from results.methods import Method
from results.statistics import mean_interval
from results.uncertainty.budget import Interval
from results.uncertainty.cells import Energy, Part, Reader, charged_parts, key

MEANS = ("energy_per_image_J", "energy_per_flop_J", "flops", "flops_0.05P", "flops_mac2")


class Reached(NamedTuple):
    """A row's energy until an evaluation of its last stage first showed the target; `reason` where it never did."""

    energy: Energy | None
    epoch: int | None
    reason: str

    @property
    def interval(self) -> Interval | None:
        return self.energy.interval if self.energy else None


def frame(study: Any, target: float | None = None) -> pd.DataFrame:
    """A row for each cell, repetition and meter of a study (`results.Study`); `target` is an accuracy as a share."""
    rows = [row for meter in study.meters or [""] for row in study.runs.rows(meter)]
    return pd.DataFrame([_row(study, row, target) for row in rows])


def sheet(study: Any, found: list[Method], labels: list[str], target: float | None = None) -> Sheet:
    """The same over seeds and repetitions, on the headline meter."""
    word = " (simulated)" if any(method.simulated for method in found) else ""
    header = ["method", f"J per image{word}", f"pJ per FLOP{word}", "FLOPs", "FLOPs (0.05P)", "FLOPs (2 per MAC)"]
    header += [] if target is None else [f"kJ to {percent(target)} %{word}", "95 % interval", "time", "epochs", ""]
    lines, made = [], frame(study, target)
    for method, label in zip(found, labels, strict=True):
        mean = {name: method.mean([_known(_of(made, row)[name]) for row in method.rows]) for name in MEANS}
        per_flop = mean["energy_per_flop_J"]
        line = [label, significant(mean["energy_per_image_J"]), significant(per_flop and per_flop * 1e12)]
        line += [prefixed(mean["flops"]), significant(mean["flops_0.05P"]), prefixed(mean["flops_mac2"])]
        lines.append(line + ([] if target is None else _target_cells(study, method, target)))
    notes = ["images: training images x epochs charged; FLOPs count forward and backward, 0.05P = 50,000 x 1e9"]
    if target is not None:
        notes.append("to a target: search and pruning in full, training up to the first evaluation that shows it")
    return Sheet("what a joule bought", header, lines, notes)


def reached(reader: Reader, row: Row, target: float) -> Reached:
    """The headline energy of a row up to its first evaluation of at least `target`, in the stage that it ends with."""
    found = [(item, reader.study.run(item["stage"], row.repetition)) for item in row.cell["charges"]]
    stages = [(item, run) for item, run in found if run is not None]
    (item, run), meter = stages[-1], row.energy.meter
    shown = _evaluations(run, item["role"])
    first = next((window for window, accuracy in shown if accuracy >= target), None)
    if first is None:
        best = max((accuracy for _, accuracy in shown), default=None)
        return Reached(None, None, f"never reached; best {percent(best)} %" if best is not None else "not evaluated")
    parts = [part for item, run in stages[:-1] for part in charged_parts(item, run, meter)]
    last = charged_parts(item, run, meter)
    return Reached(reader.parts(parts + _until(last, first.attempt, first.stop_ns), meter), first.epoch, "")


def trained_images(study: StudyRuns, row: Row) -> int | None:
    """Images seen by all trainings that a row is charged, each as often as it was seen."""
    seen = _seen(study, row)
    return None if seen is None else sum(images for _, images in seen)


def mac2(study: StudyRuns, row: Row) -> float | None:
    """Training FLOPs with 2 per multiply-accumulate of convolutions and linear layers, and nothing else."""
    seen = _seen(study, row)
    return None if seen is None else sum(3 * images * run.result["forward_flops"]["mac2"] for run, images in seen)


def _seen(study: StudyRuns, row: Row) -> list[tuple[StageRun, int]] | None:
    """The stages that a row is charged, each with the images that it saw; None while one of them is not finished."""
    found = []
    for item in row.cell["charges"]:
        run = study.run(item["stage"], row.repetition)
        done = epochs(item, run) if run else None
        if run is None or done is None:
            return None
        found.append((run, done * run.result["images"]))
    return found


def _row(study: Any, row: Row, target: float | None) -> dict[str, Any]:
    measured = study.energies.get(key(row))
    joules, images = measured.joules if measured else None, trained_images(study.runs, row)
    line = {
        "cell": row.cell["id"],
        "repetition": row.repetition,
        "meter": row.energy.meter,
        "images": images,
        "energy_per_image_J": joules / images if joules is not None and images else None,
        "energy_per_flop_J": joules / row.flops if joules is not None and row.flops else None,
        "flops": row.flops,
        "flops_0.05P": None if row.flops is None else row.flops / TABLE_UNIT,
        "flops_mac2": mac2(study.runs, row),
    }
    if target is None:
        return line
    got = reached(study.reader, row, target)
    low, high = (got.interval.low, got.interval.high) if got.interval else (None, None)
    return line | {
        "target_accuracy": target,
        "energy_to_target_J": got.interval.value if got.interval else None,
        "energy_to_target_low_J": low,
        "energy_to_target_high_J": high,
        "time_to_target_s": got.energy.seconds if got.energy else None,
        "target_epoch": got.epoch,
        "why_no_target": got.reason or (got.energy.reason if got.energy else ""),
    }


def _target_cells(study: Any, method: Method, target: float) -> list[str]:
    every = [reached(study.reader, row, target) for row in method.rows]
    known = [one.interval for one in every if one.interval]
    interval = mean_interval(known) if len(known) == len(every) else None
    seconds = method.mean([one.energy.seconds if one.energy else None for one in every])
    done = method.mean([None if one.epoch is None else one.epoch + 1 for one in every])
    why = "; ".join(dict.fromkeys(one.reason or (one.energy.reason if one.energy else "") for one in every))
    between = intervals.words(interval, any(one.energy is not None and one.energy.excludes for one in every))
    return [kilojoules(interval.value if interval else None), between, duration(seconds), significant(done, 3), why]


def _evaluations(run: StageRun, role: str) -> list[tuple[Any, float]]:
    """(window, accuracy) of every evaluation that counts, in the order of epochs."""
    found = [w for w in run.windows() if w.phase == "evaluate" and w.role == role and w.ended and not w.lost]
    shown = [(window, window.notes.get("accuracy")) for window in found]
    return sorted(((w, a) for w, a in shown if a is not None and w.epoch is not None), key=lambda pair: pair[0].epoch)


def _until(parts: list[Part], attempt: int, stop_ns: int) -> list[Part]:
    """What of a stage lies before a time of one of its attempts."""
    whole = [part for part in parts if part.attempt < attempt]
    cut = [
        part._replace(spans=[(start, min(stop, stop_ns)) for start, stop in part.spans if start < stop_ns])
        for part in parts
        if part.attempt == attempt
    ]
    return whole + [part for part in cut if part.spans]


def _of(made: pd.DataFrame, row: Row) -> dict[str, Any]:
    same = (made["cell"] == row.cell["id"]) & (made["repetition"] == row.repetition)
    return made[same & (made["meter"] == row.energy.meter)].iloc[0].to_dict()


def _known(value: Any) -> float | None:
    return None if value is None or value != value else float(value)
