"""The table that the board prints: what each method cost, and what finding the ticket cost."""

import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, TextIO, Union

from harness import composed_sheet
from harness.ledger import attachments, calibrations
from harness.ledger.charges import CellEnergy
from harness.ledger.mixed import mixed
from harness.ledger.rows import Row, StudyRuns
from harness.ledger.savings import savings, sentence
from harness.quantities import NONE, duration, kilojoules, percent, prefixed, significant, small_percent

FEW_CLASSES = 10


class Sheet(NamedTuple):
    """A table as text, with what must be said under it."""

    title: str
    header: List[str]
    lines: List[List[str]]
    notes: List[str]


def show(study_dir: Union[str, Path], stream: Optional[TextIO] = None) -> None:
    """Print the summary of a study's folder: framed on a terminal, aligned text elsewhere."""
    stream = stream or sys.stdout
    for sheet in sheets(StudyRuns.open(study_dir)):
        show_sheet(sheet, stream)


def as_json(study_dir: Union[str, Path]) -> Dict[str, Any]:
    """The same figures in SI units, a unit in each name."""
    study = StudyRuns.open(study_dir)
    if study.profiled:
        found = [pair for meter in study.meters or [""] for pair in composed_sheet.both(study, meter)]
        return {"schema": 1, "study": study.name, "form": "profile", "rows": [composed_sheet.plain(*p) for p in found]}
    rows = {meter: study.rows(meter) for meter in study.meters or [""]}
    return {
        "schema": 1,
        "study": study.name,
        "rows": [_plain(row) for meter in rows for row in rows[meter]],
        "calibrations": calibrations.sentences(study),
        "mixed": mixed(study),
        "savings": _savings(study, next(iter(rows.values()))),
    }


def sheets(study: StudyRuns) -> List[Sheet]:
    """The table of rows, and that of the detection overhead where the study has a detector."""
    if study.profiled:
        return [_composed(study)]
    meters = study.meters or [""]
    rows = study.rows(meters[0])
    others = {meter: study.rows(meter) for meter in meters[1:]}
    overhead = [row for row in rows if row.detection is not None]
    found = [Sheet(_title(study, rows), _header(meters, rows), _lines(rows, others), _notes(study, rows))]
    return found + ([overhead_sheet(overhead)] if overhead else [])


def _composed(study: StudyRuns) -> Sheet:
    """What the rows of a profile would take."""
    pairs = composed_sheet.both(study, (study.meters or [""])[0])
    rows, parts = [row for row, _ in pairs], [part for _, part in pairs]
    lines = []
    for row, part in pairs:
        lines.append(composed_sheet.line(_label(row, rows), row, part))
        lines += composed_sheet.detection_line(row, part)
    return Sheet(_title(study, rows), composed_sheet.header(parts), lines, composed_sheet.notes(study, parts))


def _title(study: StudyRuns, rows: Sequence[Row]) -> str:
    mark = "; MIXED, see below" if mixed(study) else ""
    if not any(row.energy.simulated for row in rows):
        return study.name + mark
    return "{}: power is simulated, no joule in this table was measured on a board{}".format(study.name, mark)


def _header(meters: Sequence[str], rows: Sequence[Row]) -> List[str]:
    word = "simulated " if any(row.energy.simulated for row in rows) else ""
    return (
        ["row", *accuracy_names(rows), word + "kJ", word + "kJ net of idle"]
        + [word + "kJ " + meter for meter in meters[1:]]
        + ["FLOPs", "time", word + "mean W", "epochs searched", ""]
    )


def accuracy_names(rows: Sequence[Row]) -> List[str]:
    """Names of the columns for accuracy."""
    return ["accuracy % end", *(["top-5 % end"] if top5_tells(rows) else []), "best"]


def top5_tells(rows: Sequence[Row]) -> bool:
    """Whether top-5 accuracy has a column: of ten classes or fewer, five guesses hit nearly always."""
    return any(row.accuracy_top5 is not None and (row.classes or 0) > FEW_CLASSES for row in rows)


def _lines(rows: Sequence[Row], others: Dict[str, List[Row]]) -> List[List[str]]:
    top5, accuracies = top5_tells(rows), len(accuracy_names(rows))
    lines = []
    for index, row in enumerate(rows):
        energy = row.energy
        lines.append(
            [_label(row, rows), percent(row.accuracy_final)]
            + ([percent(row.accuracy_top5)] if top5 else [])
            + [percent(row.accuracy_best)]
            + [_joules(energy.headline_J, energy), _joules(energy.net_J, energy)]
            + [kilojoules(other[index].energy.headline_J) for other in others.values()]
            + [prefixed(row.flops), duration(energy.seconds), significant(energy.mean_W, 3)]
            + [str(row.epochs_searched or NONE), marks(row)]
        )
        if row.detection is not None:
            lines.append(_detection_line(row, accuracies, len(others)))
    return lines


def _joules(joules: Optional[float], energy: CellEnergy) -> str:
    """kJ, with the word where they are those of emulated arithmetic."""
    return kilojoules(joules) + (" emulated" if energy.emulated and joules is not None else "")


def _detection_line(row: Row, accuracies: int, others: int) -> List[str]:
    """All detections of the row, which its energy holds: joules and time from the repeated kernel."""
    cost = row.detection
    assert cost is not None
    joules = None if cost.joules is None else cost.detections * cost.joules
    seconds = None if cost.seconds is None else cost.detections * cost.seconds
    watts = cost.joules / cost.seconds if cost.joules is not None and cost.seconds else None
    return (
        ["  finding the ticket", *[""] * accuracies, kilojoules(joules), ""]
        + [""] * others
        + [prefixed(cost.detections * cost.flops), duration(seconds), significant(watts, 3), "", "in the row above"]
    )


def _label(row: Row, rows: Sequence[Row]) -> str:
    """The method, with what tells this row from the others."""
    cell, parts = row.cell, [row.cell["label"]]
    for key, text in (("model", "{}"), ("dataset", "{}"), ("ratio", "{:g}"), ("seed", "seed {}")):
        varies = len({other.cell[key] for other in rows}) > 1
        if cell[key] is not None and (varies or key == "ratio"):
            parts.append(text.format(cell[key]))
    if len({other.repetition for other in rows}) > 1:
        parts.append("rep {}".format(row.repetition))
    return " ".join(parts)


def marks(row: Row) -> str:
    """What a reader must know of a row, in a few words."""
    energy = row.energy
    found = [
        ("no figure: see below", energy.headline_J is None and bool(energy.reasons)),
        ("no early bird fired", energy.fired is False),
        ("emulated: not the joules of its precision", energy.emulated),
        ("resumed, {} kJ lost".format(kilojoules(energy.lost_J)), energy.resumed),
        ("throttled", energy.throttled),
        ("shares its search", energy.shared),
        (_chosen(row), row.choice is not None),
    ]
    return ", ".join(text for text, applies in found if applies)


def _chosen(row: Row) -> str:
    if row.choice is None:
        return ""
    doubt = "" if row.choice["holds"] else " though it lost more than {:g} points".format(100 * row.choice["max_drop"])
    return "chose ratio {:g}{}".format(row.choice["ratio"], doubt)


def _savings(study: StudyRuns, rows: Sequence[Row]) -> List[str]:
    """None of stages that do not belong into one table: boards would be compared, and be taken for methods."""
    return [] if mixed(study) else [sentence(saving) for saving in savings(rows)]


def _notes(study: StudyRuns, rows: Sequence[Row]) -> List[str]:
    reasons = ["{}: {}".format(row.cell["id"], reason) for row in rows for reason in row.energy.reasons]
    missing = composed_sheet.not_begun(study, [row.cell for row in rows])
    measured = composed_sheet.power_from([row.energy for row in rows])
    origins = calibrations.sentences(study) + attachments.sentences(study)
    return mixed(study) + _savings(study, rows) + measured + origins + reasons + missing


def overhead_sheet(rows: Sequence[Row]) -> Sheet:
    """Memory, FLOPs and energy of detection, for rows that have a detector."""
    word = " (simulated)" if any(row.energy.simulated for row in rows) else ""
    header = ["", "memory", "of the weights", "FLOPs each", "of one forward pass", "of the search"]
    header += ["J each" + word, "of one epoch", "of the search"]
    lines, notes = [], []
    for row in rows:
        cost = row.detection
        assert cost is not None
        lines.append(
            [
                _label(row, rows),
                prefixed(cost.memory_bytes, "B", 3),
                small_percent(cost.memory_share),
                prefixed(cost.flops),
            ]
            + [small_percent(cost.flops_share_of_forward), small_percent(cost.flops_share_of_search)]
            + [significant(cost.joules, 3), small_percent(cost.joules_share_of_epoch)]
            + [small_percent(cost.joules_share_of_search)]
        )
        if cost.reason:
            notes.append("{}: {}".format(row.cell["id"], cost.reason))
    return Sheet("finding the ticket: what detection adds", header, lines, notes)


def _plain(row: Row) -> Dict[str, Any]:
    energy = row.energy
    return {
        "cell": row.cell["id"],
        "repetition": row.repetition,
        "meter": energy.meter,
        "boundaries": list(energy.boundaries),
        "simulated": energy.simulated,
        "accuracy_final": row.accuracy_final,
        "accuracy_best": row.accuracy_best,
        "accuracy_top5_final": row.accuracy_top5,
        "energy_J": energy.headline_J,
        "energy_net_J": energy.net_J,
        "time_s": energy.seconds,
        "mean_power_W": energy.mean_W,
        "flops": row.flops,
        "epochs_searched": row.epochs_searched,
        "early_bird_fired": energy.fired,
        "shared": energy.shared,
        "resumed": energy.resumed,
        "emulated": energy.emulated,
        "throttled": energy.throttled,
        "lost_J": energy.lost_J,
        "choice": row.choice,
        "reasons": list(energy.reasons),
        "detection": None if row.detection is None else dict(row.detection._asdict()),
    }


def show_sheet(sheet: Sheet, stream: Optional[TextIO] = None) -> None:
    """Print a table: framed on a terminal, aligned text elsewhere."""
    stream = stream or sys.stdout
    if stream.isatty():
        _framed(sheet, stream)
    else:
        stream.write(sheet.title + "\n\n" + aligned([sheet.header] + sheet.lines) + "\n")
        stream.write("".join("  {}\n".format(note) for note in sheet.notes) + "\n")


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left, numbers to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ""
    for line in lines:
        cells = [
            cell.ljust(width) if _is_text(name) else cell.rjust(width)
            for cell, width, name in zip(line, widths, [""] + lines[0][1:])
        ]
        text += "  ".join(cells).rstrip() + "\n"
    return text


def _is_text(name: str) -> bool:
    """Columns of words have no name; all others hold numbers."""
    return not name


def _framed(sheet: Sheet, stream: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=sheet.title, title_justify="left")
    for index, name in enumerate(sheet.header):
        table.add_column(name, justify="left" if index == 0 or _is_text(name) else "right")
    for line in sheet.lines:
        table.add_row(*line)
    console = Console(file=stream, highlight=False)
    console.print(table)
    for note in sheet.notes:
        console.print("  " + note)
