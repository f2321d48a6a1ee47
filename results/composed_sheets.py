"""Tables of composed energy: a profile's rows, and composed beside metered wherever there is something to compose."""

from typing import Any

import pandas as pd

from harness import composed_sheet as board
from harness.ledger import composed as ledger
from harness.quantities import NONE, duration, kilojoules, percent, prefixed, significant
from harness.summary import Sheet
from results import intervals
from results.composed import LOW_PRECISION, WINDOWS
from results.uncertainty.budget import Interval

COMPOSED = "composed: joules of steady epochs or windows x epochs; pruning and detection are only in the metered figure"
LINEAR = (
    "linear: the 95 % interval of composed / metered holds 1 (one of more than 20 % to each side cannot tell); "
    "what both measured with one meter cancels in it"
)
TELLING = 0.2  # half of that interval; a wider one holds 1 whatever was measured


def profile(study: Any) -> Sheet:
    """What each row of a profile would take, composed, with its 95 % interval."""
    frame = _headline(study)
    parts = {(part.cell["id"], part.repetition): part for part in ledger.rows(study.runs)}
    rows = {(row.cell["id"], row.repetition): row for row in study.runs.rows()}
    word = "simulated " if len(frame) and frame["simulated"].any() else ""
    header = [
        "row",
        "accuracy %",
        f"composed {word}kJ",
        "95 % interval",
        "FLOPs",
        "time",
        f"{word}mean W",
        "epochs",
        "",
    ]
    figures = {(row.cell, row.repetition): row for row in frame.itertuples() if row.form == WINDOWS}
    lines = []
    for place, row in rows.items():
        lines.append(_line(row, parts[place], figures.get(place)))
        lines += board.detection_line(row, parts[place])
    notes = [board.COMPOSED, *_estimated(study, frame), *board.power_from(list(parts.values()))]
    notes += board.not_begun(study.runs, [part.cell for part in parts.values()])
    notes += [f"{part.cell['id']}: {part.reason}" for part in parts.values() if part.reason]
    return Sheet(_title(study, bool(word)), header, lines, notes)


def beside_metered(study: Any) -> list[Sheet]:
    """Composed beside metered on the headline meter; nothing where nothing can be composed."""
    frame = _headline(study)
    if study.runs.profiled and len(frame):
        frame = frame[frame["metered_J"].notna()]
    if frame.empty:
        return []
    word = " (simulated)" if frame["simulated"].any() else ""
    header = ["cell", "from", f"metered kJ{word}", f"composed kJ{word}", "95 % interval"]
    header += ["composed / metered", "95 % interval", "linear"]
    estimated = frame["estimated_lf_J"].notna().any()
    header += ["8-bit search kJ (estimated)", "all 8-bit kJ (estimated)"] if estimated else []
    lines = [_beside(row) + (_in_eight_bits(row) if estimated else []) for row in frame.itertuples()]
    return [Sheet("composed beside metered energy", header, lines, [COMPOSED, LINEAR, *_estimated(study, frame)])]


def _headline(study: Any) -> pd.DataFrame:
    frame = study.composed
    return frame[frame["meter"] == study.meters[0]] if len(frame) else frame


def _line(row: Any, part: Any, figure: Any) -> list[str]:
    """`figure` is the row's composed energy in the frame, None where there is none."""
    joules, interval = NONE, NONE
    if figure is not None and part.emulated:
        joules = f"{kilojoules(_known(figure.estimated_J))} estimated"
        interval = _interval(figure, "estimated")
    elif figure is not None:
        joules = kilojoules(figure.composed_J)
        interval = _interval(figure, "composed")
    watts = figure.composed_J / figure.composed_s if figure is not None and figure.composed_s else None
    epochs = " + ".join(str(item["epochs"]) for item in row.cell["charges"])
    label = " ".join([row.cell["label"]] + ([] if row.cell["ratio"] is None else [f"{row.cell['ratio']:g}"]))
    return [
        label,
        percent(board.accuracy(row.cell)),
        joules,
        interval,
        prefixed(row.flops),
        duration(part.seconds),
        significant(watts, 3),
        epochs,
        board.marks(row.cell, part),
    ]


def _beside(row: Any) -> list[str]:
    metered, quotient = _known(row.metered_J), _known(row.composed_over_metered)
    return [
        row.cell,
        row.form,
        kilojoules(metered),
        kilojoules(row.composed_J) + (" emulated" if row.emulated else ""),
        _interval(row, "composed"),
        significant(quotient),
        NONE if quotient is None else f"{row.ratio_low:.3f} to {row.ratio_high:.3f}",
        NONE if quotient is None else _linear(row),
    ]


def _linear(row: Any) -> str:
    if not row.linear:
        return "no"
    return "yes" if row.ratio_high - row.ratio_low <= 2 * TELLING else "cannot tell"


def _in_eight_bits(row: Any) -> list[str]:
    return [kilojoules(_known(row.estimated_lf_J)), kilojoules(_known(row.estimated_ll_J))]


def _estimated(study: Any, frame: pd.DataFrame) -> list[str]:
    if frame.empty or frame["low_precision_factor"].isna().all():
        return []
    source = "decoded from the paper" if study.low_precision == LOW_PRECISION else "from the unit energies given"
    return [f"estimated: 8-bit epochs at {study.low_precision:.3g} of the FP32 energy, a factor {source}"]


def _interval(row: Any, what: str) -> str:
    """Of the columns `what`, composed or estimated."""
    columns = [getattr(row, f"{what}_{end}") for end in ("J", "low_J", "high_J")]
    return NONE if _known(columns[0]) is None else intervals.words(Interval(*columns), bool(row.interval_excludes))


def _title(study: Any, simulated: bool) -> str:
    if not simulated:
        return study.name
    return f"{study.name}: power is simulated, no joule in this table was measured on a board"


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else value
