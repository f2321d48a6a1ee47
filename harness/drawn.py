"""Which ticket of a run directory is meant: that of a study's row, or one that a stage has drawn."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from harness import rundir
from harness.errors import UserError
from harness.ledger.charges import draw_keys
from harness.ledger.rows import StudyRuns
from harness.options import unknown


def ticket_path(folder: Path, row: Optional[str], draw: Optional[str], repetition: int) -> Path:
    """The file of one drawn ticket; where several are meant, UserError lists them.

    folder: of a study (its rows name the ticket), of a stage, or of one of its repetitions.
    """
    study = rundir.StudyFolder(folder)
    if study.cells.is_file():
        return _of_row(StudyRuns.open(folder), row, draw, repetition)
    if row is not None:
        raise UserError(f"{folder} is no study's folder, so it has no rows: leave --row out, or name a study", code=2)
    return _pick(_of_stages(folder), draw, f"below {folder}", "--draw")


def _of_row(study: StudyRuns, row: Optional[str], draw: Optional[str], repetition: int) -> Path:
    rows = {cell["id"]: cell for cell in study.cells if _draws(cell)}
    if not rows:
        raise UserError(f"no row of study {study.name} draws a ticket of its own", code=2)
    cell = rows[_one("row", row, sorted(rows), f"in study {study.name}", "--row")]
    found = {}
    for item in cell["charges"]:
        drawn = study.folder.machine.rep(item["stage"], repetition).tickets()
        found.update({key: drawn[key] for key in draw_keys(item) if key in drawn})
    if not found:
        raise UserError(
            f"row {cell['id']} has not drawn its ticket yet in repetition {repetition}: run the study first"
        )
    return _pick(found, draw or list(found)[-1], f"of row {cell['id']}", "--draw")


def _draws(cell: Dict[str, Any]) -> List[str]:
    return [key for item in cell["charges"] for key in draw_keys(item)]


def _of_stages(folder: Path) -> Dict[str, Path]:
    reps = [rundir.Rep(path) for path in rundir.reps(folder)]
    reps = [rep for rep in reps if rep.tickets()]
    if not reps:
        raise UserError(f"no ticket was drawn below {folder}: give a study's or a stage's folder", code=2)
    if len(reps) > 1:
        named = ", ".join(str(rep.folder) for rep in reps)
        raise UserError(f"several stages below {folder} have drawn tickets; name one: {named}", code=2)
    return reps[0].tickets()


def _pick(found: Dict[str, Path], key: Optional[str], where: str, option: str) -> Path:
    return found[_one("ticket", key, sorted(found), where, option)]


def _one(what: str, asked: Optional[str], names: List[str], where: str, option: str) -> str:
    if asked is None and len(names) > 1:
        raise UserError(f"there are several {what}s {where}; choose with {option}: {', '.join(names)}", code=2)
    if asked is not None and asked not in names:
        raise unknown(f"{what} {where}:", asked, names)
    return names[0] if asked is None else asked
