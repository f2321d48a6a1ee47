"""The table that a board prints after a profile: what each row would take, composed from windows."""

from typing import Any, Dict, List, Mapping, Sequence

from harness.ledger import composed
from harness.ledger.composed import Composed
from harness.ledger.detection import joules_each
from harness.ledger.flops import detection_flops
from harness.ledger.mixed import mixed
from harness.ledger.rows import Row, StudyRuns
from harness.quantities import NONE, duration, kilojoules, percent, prefixed, significant

COMPOSED = "composed: joules per image in steady windows x images x epochs; nothing was trained to its end"
BY_WINDOWS = (
    "by windows: with the lowest and with the highest window of each network; the meter's own error is not in it"
)


def header(rows: Sequence[Composed]) -> List[str]:
    """Every kJ is named composed, and simulated where the power was."""
    word = "simulated " if any(row.simulated for row in rows) else ""
    return ["row", "accuracy %", f"composed {word}kJ", "by windows", "FLOPs", "time", f"{word}mean W", "epochs", ""]


def line(label: str, row: Row, part: Composed) -> List[str]:
    joules, seconds = part.joules, part.seconds
    spread = NONE if joules is None else f"{kilojoules(part.low_J)} to {kilojoules(part.high_J)}"
    return [
        label,
        percent(accuracy(row.cell)),
        figure(part),
        NONE if part.emulated else spread,
        prefixed(row.flops),
        duration(seconds),
        significant(joules / seconds if joules is not None and seconds else None, 3),
        " + ".join(str(item["epochs"]) for item in row.cell["charges"]),
        marks(row.cell, part),
    ]


def detection_line(row: Row, part: Composed) -> List[List[str]]:
    """All detections of a row whose ticket was found by a detector: a line of its own, because windows hold none."""
    searches = [(item, term) for item, term in zip(row.cell["charges"], part.terms) if item["role"] == "search"]
    told = [(item, term) for item, term in searches if item.get("epochs_from") in ("ticket", "published")]
    if not told or not told[0][1].steady.run.result.get("detection"):
        return []
    count, run = told[0][0]["epochs"], told[0][1].steady.run
    joules, seconds = joules_each(run, part.meter), run.result["detection"]["seconds_each"]
    watts = joules / seconds if joules is not None and seconds else None
    return [
        ["  finding the ticket", "", kilojoules(None if joules is None else count * joules), ""]
        + [prefixed(count * detection_flops(run.result["gammas"])), duration(count * seconds if seconds else None)]
        + [significant(watts, 3), str(count), "not in the row above"]
    ]


def figure(part: Composed) -> str:
    """kJ; of a row in 8 bits what they are estimated to take, never what their emulation took."""
    if not part.emulated:
        return kilojoules(part.joules)
    return NONE if part.estimated_J is None else kilojoules(part.estimated_J) + " estimated"


def accuracy(cell: Any) -> Any:
    """The share that a profile quotes for a row; it trains none."""
    return cell.get("accuracy", {}).get("value")


def marks(cell: Any, part: Composed) -> str:
    """Where what is not measured comes from."""
    source = cell.get("accuracy", {}).get("source", "none")
    told = {item.get("epochs_from") for item in cell["charges"]} - {"asked"}
    found = ["no figure: see below"] if part.reason else []
    found += [f"{kilojoules(part.joules)} kJ emulated"] if part.emulated else []
    found += [f"epochs: {', '.join(sorted(filter(None, told)))}"] if told else []
    return ", ".join(found + ([f"accuracy: {source}"] if source != "none" else []))


def notes(study: StudyRuns, parts: Sequence[Composed]) -> List[str]:
    found = mixed(study) + [COMPOSED, BY_WINDOWS]
    if any(part.emulated for part in parts):
        found.append(f"estimated: 8-bit epochs at {parts[0].factor:g} of the energy of the same epochs in FP32")
    found += power_from(parts) + [f"{part.cell['id']}: {part.reason}" for part in parts if part.reason]
    return found + not_begun(study, [part.cell for part in parts])


def power_from(measured: Sequence[Any]) -> List[str]:
    """The meters of some figures, each with its boundaries; nothing where none was metered."""
    meters = sorted({f"{one.meter} ({'+'.join(one.boundaries)})" for one in measured if one.boundaries})
    return ["power from meter " + ", ".join(meters)] if meters else []


def not_begun(study: StudyRuns, cells: Sequence[Mapping[str, Any]]) -> List[str]:
    """The rows of a study that are not among `cells`; what was begun of some is on disk and must not be denied."""
    shown = {cell["id"] for cell in cells}
    waiting = [cell for cell in study.cells if cell["id"] not in shown]
    begun = [cell["id"] for cell in waiting if study.touched(cell)]
    untouched = [cell["id"] for cell in waiting if cell["id"] not in begun]
    sentences = (("not begun: ", untouched), ("begun, but some stages still wait: ", begun))
    return [words + ", ".join(names) for words, names in sentences if names]


def plain(row: Row, part: Composed) -> Dict[str, Any]:
    """One row in SI units."""
    return {
        "cell": row.cell["id"],
        "repetition": row.repetition,
        "meter": part.meter,
        "boundaries": list(part.boundaries),
        "simulated": part.simulated,
        "composed_J": part.joules,
        "composed_by_windows_J": [part.low_J, part.high_J],
        "emulated": part.emulated,
        "estimated_J": part.estimated_J,
        "low_precision_factor": part.factor if part.emulated else None,
        "composed_s": part.seconds,
        "flops": row.flops,
        "epochs": [{key: item[key] for key in ("role", "epochs", "epochs_from")} for item in row.cell["charges"]],
        "accuracy": row.cell.get("accuracy"),
        "reasons": [part.reason] if part.reason else [],
    }


def both(study: StudyRuns, meter: str) -> List[Any]:
    """(row, composed) of each cell and repetition that was begun."""
    return list(zip(study.rows(meter), composed.rows(study, meter)))
