"""A study's tables as text: methods with their intervals, what each phase took, what finding the ticket cost."""

from typing import Any

from harness import composed_sheet
from harness.ledger import attachments, calibrations
from harness.ledger.mixed import mixed
from harness.quantities import NONE, counted, duration, kilojoules, percent, prefixed, significant
from harness.summary import Sheet, accuracy_names, marks, overhead_sheet, top5_tells
from results import checks, composed_sheets, each_meter, efficiency, intervals
from results.methods import Method, methods, savings, sentence, short
from results.provenance import digest
from results.statistics import mean_interval
from results.uncertainty.budget import Interval


def sheets(study: Any, target: float | None = None) -> list[Sheet]:
    """The tables of a study (`results.Study`) on its headline meter; `target`: an accuracy (share) to be reached."""
    if study.runs.profiled:
        return with_evidence([composed_sheets.profile(study), *composed_sheets.beside_metered(study)], study)
    found = methods(study.runs.rows(), study.energies)
    overhead = [row for row in study.runs.rows() if row.detection is not None]
    labels = [short(method, found) for method in found]
    made = [_main(study, found), *each_meter.sheets(study, labels), _phases(study)]
    made += [overhead_sheet(overhead)] if overhead else []
    made.append(efficiency.sheet(study, found, labels, target))
    return with_evidence(made + composed_sheets.beside_metered(study), study)


def with_evidence(made: list[Sheet], study: Any) -> list[Sheet]:
    """Under each table where its joules come from, and the digest over the SHA256SUMS of every stage behind it."""
    sealed = sum(run.complete for run in study.runs.runs())
    notes = calibrations.sentences(study.runs) + attachments.sentences(study.runs)
    if sealed:
        notes.append(f"evidence: sha256 {digest(study.runs)} over the SHA256SUMS of {counted(sealed, 'stage')}")
    return [sheet._replace(notes=[*sheet.notes, *notes]) for sheet in made]


def with_doubts(sheet: Sheet, study: Any) -> Sheet:
    """The doubts too, for a reader who does not see the report; without those that the sheet tells already."""
    told = {*checks.simulated(study.runs), *checks.unmeasured(study.runs)}
    doubts = [f"doubt: {sentence}" for sentence in study.doubts if sentence not in told]
    return sheet._replace(notes=[*sheet.notes, *doubts])


def budgets(study: Any) -> Sheet:
    """What each cause alone would make of each cell's energy, as 95 % intervals about it."""
    word = " (simulated)" if study.simulated else ""
    header = ["cell", "rep", "meter", "cause", f"J low{word}", f"J high{word}", "of the energy %"]
    energies = {place: measured.joules for place, measured in study.energies.items()}
    lines = [
        [
            row.cell,
            str(row.repetition),
            row.meter,
            row.cause,
            significant(row.low_J, 3),
            significant(row.high_J, 3),
            _share_of(row.expanded_J, energies[row.cell, row.repetition, row.meter]),
        ]
        for row in study.budgets.itertuples()
    ]
    notes = ["true minus measured; causes are independent of each other, and their 95 % intervals do not simply add up"]
    return Sheet("uncertainty budgets", header, lines, notes)


def _share_of(part_J: float, whole_J: float | None) -> str:
    return significant(100 * part_J / whole_J, 2) if whole_J else NONE


def _main(study: Any, found: list[Method]) -> Sheet:
    word = "simulated " if any(method.simulated for method in found) else ""
    several = any(len(method.rows) > 1 for method in found)
    between = "95 % interval" if several else "95 % interval, metering only"
    rows = [row for method in found for row in method.rows]
    accuracies, top5 = accuracy_names(rows), top5_tells(rows)
    header = ["method", *accuracies, f"{word}kJ", between]
    header += ["runs", "lowest to highest"] if several else []
    header += [f"{word}kJ net of idle", "FLOPs", "time", f"{word}mean W", "peak W", "epochs searched", ""]
    lines = []
    for method in found:
        lines.append(_line(method, found, several, top5))
        if any(row.detection is not None for row in method.rows):
            lines.append(_detection(method, len(accuracies), several))
    return Sheet(_title(study, found), header, lines, _notes(study, found))


def _phase_interval(part: Any) -> str:
    """Of the mean over a method's runs."""
    if part["energy_J"].isna().any():
        return NONE
    columns = part[["energy_J", "energy_low_J", "energy_high_J"]]
    mean = mean_interval([Interval(*map(float, row)) for row in columns.itertuples(index=False)])
    return intervals.words(mean, part["interval_excludes"].any())


def _title(study: Any, found: list[Method]) -> str:
    mark = (
        "; MIXED: stages of different boards, power modes or boundaries stand in one table" if mixed(study.runs) else ""
    )
    if not any(method.simulated for method in found):
        return study.name + mark
    return f"{study.name}: power is simulated, no joule in this table was measured on a board{mark}"


def _line(method: Method, found: list[Method], several: bool, top5: bool) -> list[str]:
    rows = method.rows
    energies = [energy for energy in method.energies if energy is not None and energy.joules is not None]
    seconds = method.mean([row.energy.seconds for row in rows])
    flops = method.mean([row.flops for row in rows])
    searched = method.mean([row.epochs_searched for row in rows])
    kJ = [energy.joules for energy in energies if energy.joules is not None]
    spread = f"{kilojoules(min(kJ))} to {kilojoules(max(kJ))}" if len(kJ) > 1 else NONE
    interval, net = method.energy, method.net
    return [
        short(method, found),
        percent(method.accuracy),
        *([percent(method.top5)] if top5 else []),
        percent(method.mean([row.accuracy_best for row in rows])),
        kilojoules(interval.value if interval else None) + (" emulated" if method.emulated and interval else ""),
        intervals.words(interval, method.accuracy_unstated),
        *([str(len(rows)), spread] if several else []),
        kilojoules(net.value if net else None),
        prefixed(flops),
        duration(seconds),
        significant(interval.value / seconds if interval and seconds else None, 3),
        significant(max((energy.peak_W for energy in energies), default=None), 3),
        NONE if searched is None else f"{searched:g}",
        ", ".join(dict.fromkeys(mark for row in rows for mark in marks(row).split(", ") if mark)),
    ]


def _detection(method: Method, accuracies: int, several: bool) -> list[str]:
    """All detections of a method, which its energy holds: from the kernel repeated by itself."""
    costs = [row.detection for row in method.rows if row.detection is not None]
    each = [None if cost.joules is None else cost.detections * cost.joules for cost in costs]
    seconds = [None if cost.seconds is None else cost.detections * cost.seconds for cost in costs]
    joules, time_s = method.mean(each), method.mean(seconds)
    flops = method.mean([cost.detections * cost.flops for cost in costs])
    watts = joules / time_s if joules is not None and time_s else None
    middle = [kilojoules(joules), "", *(["", ""] if several else []), "", prefixed(flops), duration(time_s)]
    return ["  finding the ticket", *[""] * accuracies, *middle, significant(watts, 3), "", "", "in the row above"]


def _notes(study: Any, found: list[Method]) -> list[str]:
    reasons = [
        f"{row.cell['id']}: {_reason(study, row)}" for method in found for row in method.rows if _reason(study, row)
    ]
    rows = study.runs.rows()
    measured = composed_sheet.power_from([row.energy for row in rows]) + _lag_note(study)
    waits = composed_sheet.not_begun(study.runs, [row.cell for row in rows])
    return [sentence(saving) for saving in savings(found)] + measured + reasons + waits


def _lag_note(study: Any) -> list[str]:
    """What a sensor's known filter does to the figures, corrected or not."""
    lags = {key: energy for key, energy in study.energies.items() if energy.joules and energy.lag_J}
    worst = max(lags.values(), key=lambda energy: abs(energy.lag_J / energy.joules), default=None)
    if worst is None:
        return []
    share = f"{significant(100 * worst.lag_J / worst.joules, 2)} %"
    if study.correct_lag:
        return [f"the sensor's filter is taken back: at most {share} of a row's energy was added for it"]
    return [f"the sensor's filter keeps at most {share} of a row's energy out; --correct-lag takes it back"]


def _reason(study: Any, row: Any) -> str:
    energy = study.energies.get((row.cell["id"], row.repetition, row.energy.meter))
    return energy.reason if energy else "; ".join(row.energy.reasons)


def _phases(study: Any) -> Sheet:
    """Energy, time and power of each phase, mean over a method's runs; what the headline leaves out is marked."""
    word = " (simulated)" if study.simulated else ""
    header = ["method", "phase", f"kJ{word}", "95 % interval", "share of headline %", "time", f"mean W{word}", ""]
    lines: list[list[str]] = []
    if study.phases.empty:
        return Sheet("energy by phase", header, lines, [])
    headline = (study.meters or [""])[0]
    frame, cells = (every[every["meter"] == headline] for every in (study.phases, study.cells))
    kinds = ["method", "model", "dataset", "ratio"]
    telling = [kind for kind in ("model", "dataset") if frame[kind].nunique() > 1]
    for _, rows in frame.groupby(kinds, sort=False, dropna=False):
        for phase, part in rows.groupby("phase", sort=False):
            joules, seconds = part["energy_J"].mean(skipna=False), part["time_s"].mean()
            joules = None if joules != joules else joules
            counted = bool(part["headline"].iloc[0])
            ratio = [] if part["ratio"].isna().all() else [f"{part['ratio'].iloc[0]:g}"]
            name = " ".join([part["method"].iloc[0], *ratio, *(part[kind].iloc[0] for kind in telling)])
            whole = cells[cells["cell"].isin(part["cell"])]["energy_J"].mean(skipna=False)
            lines.append(
                [
                    name,
                    str(phase),
                    kilojoules(joules),
                    _phase_interval(part),
                    percent(joules / whole) if counted and joules is not None and whole > 0 else "",
                    duration(seconds),
                    significant(joules / seconds if joules is not None and seconds else None, 3),
                    "; ".join(
                        filter(None, ["" if counted else "not in the headline", *part["why_no_energy"].unique()])
                    ),
                ]
            )
    return Sheet("energy by phase", header, lines, [])
