"""The same work as each meter saw it, where a study has more than one: attached ones too, each at its boundary."""

from typing import Any

from harness.quantities import NONE, kilojoules, significant
from harness.summary import Sheet
from results import intervals
from results.methods import Method, methods


def sheets(study: Any, labels: list[str]) -> list[Sheet]:
    """One table, or none with a single meter; `labels`: of the methods of a study (`results.Study`), in their order."""
    if len(study.meters) < 2:
        return []
    word = "simulated " if study.cells["simulated"].any() else ""
    header = ["method", "meter", "boundary", f"{word}kJ", "95 % interval", f"{word}kJ net of idle"]
    header += ["of the headline's", ""]
    each = [methods(study.runs.rows(meter), study.energies) for meter in study.meters]
    shown = [
        (label, meter, method, of_meters[0])
        for label, *of_meters in zip(labels, *each, strict=True)
        for meter, method in zip(study.meters, of_meters, strict=True)
    ]
    notes = [
        f"the headline is meter {study.meters[0]}; figures of different boundaries differ by what lies between them"
    ]
    notes += [f"{label} on {meter}: {why}" for label, meter, method, _ in shown for why in method.reasons]
    lines = [_line(*one) for one in shown]
    return [Sheet("the same work on each meter", header, lines, notes)]


def _line(label: str, meter: str, method: Method, headline: Method) -> list[str]:
    found, first = method.energy, headline.energy
    boundaries = sorted({boundary for row in method.rows for boundary in row.energy.boundaries})
    return [
        label,
        meter,
        "+".join(boundaries) or NONE,
        kilojoules(found.value if found else None),
        intervals.words(found, method.accuracy_unstated),
        kilojoules(method.net.value if method.net else None),
        significant(found.value / first.value) if found and first and first.value else NONE,
        "" if found else "no figure: see below",
    ]
