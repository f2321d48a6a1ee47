"""The figures of a measured command as a table for people."""

from typing import List, Sequence

from harness.measuring.figures import Figures, figures
from harness.measuring.series import Series
from harness.quantities import duration, percent, significant
from harness.summary import Sheet, aligned


def text(series: Series) -> str:
    """One table for each meter; it says simulated where the power was."""
    return "\n".join(_text(_sheet(one)) for one in figures(series))


def _sheet(found: Figures) -> Sheet:
    word = "simulated " if found.simulated else ""
    net = found.idle_W is not None
    where = f"meter {found.meter} ({'+'.join(found.boundaries) or 'no channel is the whole input'})"
    title = where + (": power is simulated, no joule here was measured on a board" if found.simulated else "")
    header = ["execution", "time", word + "J"] + [word + "J net of idle"] * net + [word + "mean W", "coverage %", ""]
    lines = _lines(found, net)
    notes = [f"idle: {significant(found.idle_W)} W"] if net else []
    notes += [f"corrected by calibration {found.calibration}"] if found.calibration else []
    return Sheet(title, header, lines, notes + _unique(found.reasons))


def _lines(found: Figures, net: bool) -> List[List[str]]:
    lines = []
    for number, one in enumerate(found.executions, 1):
        energy = one.energy
        lines.append(
            [str(number), duration(energy.seconds), significant(energy.energy_J)]
            + [significant(one.net_J)] * net
            + [significant(energy.mean_W), percent(energy.coverage, 1), f"exit status {one.status}" * bool(one.status)]
        )
    if found.deviation_J is not None:
        spread = f"standard deviation {significant(found.deviation_J, 3)} J"
        lines.append(["mean", "", significant(found.mean_J)] + [significant(found.mean_net_J)] * net + ["", "", spread])
    return lines


def _text(sheet: Sheet) -> str:
    table = aligned([sheet.header] + sheet.lines) if sheet.lines else "nothing was measured\n"
    return f"{sheet.title}\n\n{table}" + "".join(f"  {note}\n" for note in sheet.notes)


def _unique(sentences: Sequence[str]) -> List[str]:
    return list(dict.fromkeys(sentences))
