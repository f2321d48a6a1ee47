"""Does a run directory still hold what was sealed, and do its tables follow from it?"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from harness import rundir
from harness.ledger import StageRun, StudyRuns
from harness.ledger.stage import inside
from meters.errors import MeterError
from results import report, sheets, tables

TOLERANCE = 1e-9
LARGEST_SUMS = 1 << 26
LARGEST_STORED = 1 << 28


def problems(study: Any) -> list[str]:
    """Everything that is wrong with a study (`results.Study`) and its stages, a sentence each."""
    found = [sentence for run in study.runs.runs() for sentence in stage(run)]
    return [*_absent(study.runs), *found, *_tables(study)]


def _absent(runs: StudyRuns) -> Iterator[str]:
    """What rows are charged and is not there: never begun, or taken away."""
    for repetition in runs.numbers:
        for name in runs.stages:
            if runs.run(name, repetition) is None:
                yield f"{runs.folder.machine.rep(name, repetition).folder} is missing: it was not begun, or taken away"


def stage(run: StageRun) -> list[str]:
    """What is wrong with one repetition of a stage: files against SHA256SUMS, and traces that cannot be read."""
    if not run.complete:
        return [f"{run.rep.folder} was never completed: it has no {rundir.SUMS}"]
    return [*_files(run.rep), *_traces(run)]


def _files(rep: rundir.Rep) -> Iterator[str]:
    """What was sealed, and what was attached later, each against its own list."""
    yield from _listed(rep, rep.sums, set(rundir.files(rep.folder)))
    if rep.attached_sums.exists() or rep.attached.exists():
        later = {name for name in rundir.listed(rep.attached_sums) if (rep.folder / name).is_file()}
        yield from _listed(rep, rep.attached_sums, later | ({rundir.ATTACHED} if rep.attached.exists() else set()))
    for path in sorted(rep.folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield f"{path} is a link or a device: a sealed run holds files only"


def _listed(rep: rundir.Rep, sums: Path, present: set[str]) -> Iterator[str]:
    sealed = _sealed(sums)
    if isinstance(sealed, str):
        yield sealed
        return
    for name in sorted(sealed.keys() - present):
        yield f"{rep.folder / name} is missing, though {sums.name} lists it"
    for name in sorted(present - sealed.keys()):
        yield f"{rep.folder / name} is not in {sums.name}: it was added after the run was sealed"
    for name in sorted(present & sealed.keys()):
        path = rep.folder / name
        if not path.is_symlink() and rundir.digest(path) != sealed[name]:
            yield f"{path} was changed after the run was sealed"


def _sealed(sums: Path) -> dict[str, str] | str:
    """Digests by name, or what is wrong with the list of them."""
    if not sums.is_file():
        return f"{sums} is missing, though something was attached"
    sealed = {}
    if inside(sums.parent, sums).stat().st_size > LARGEST_SUMS:
        return f"{sums} is larger than any that the harness writes"
    for number, line in enumerate(sums.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        digest, _, name = line.partition("  ")
        parts = Path(name).parts
        if len(digest) != 64 or not parts or ".." in parts or Path(name).is_absolute():
            return f"line {number} of {sums} names no file of this run"
        sealed[name] = digest
    return sealed


def _traces(run: StageRun) -> Iterator[str]:
    for meter, attempt, path in run.rep.traces():
        try:
            run.open_trace(meter, attempt)
        except MeterError as error:
            yield f"{path}: {error}"


def _tables(study: Any) -> Iterator[str]:
    """The stored tables, and those in the report, against what follows from the traces now."""
    yield from _cells(study)
    now = tables.texts(sheets.sheets(study))
    wrong = [name for name, text in now.items() if _stored(study, name) not in (None, text)]
    page = _stored(study, "report.html")
    if page is not None and report.findings(study) not in page:
        wrong.append("report.html")
    for name in wrong:
        path = study.folder / name
        yield f"{path} is not what follows from the traces: write it anew with harness report {study.folder}"


def _cells(study: Any) -> Iterator[str]:
    stored, path = _stored(study, "table.csv"), study.folder / "table.csv"
    if stored is None:
        return
    try:
        before = pd.read_csv(io.StringIO(stored))
    except ValueError as error:
        yield f"{path} is not a table: {error}"
        return
    now = pd.read_csv(io.StringIO(tables.csv(tables.main(study))))
    yield from _differing(before, now, path)


def _stored(study: Any, name: str) -> str | None:
    """What a report left beside the data, None where there is none; nothing of a file too large to be one."""
    path = inside(study.folder, study.folder / name)
    if not path.exists():
        return None
    return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= LARGEST_STORED else ""


def _differing(before: pd.DataFrame, now: pd.DataFrame, path: Path) -> Iterator[str]:
    if list(before.columns) != list(now.columns) or len(before) != len(now):
        yield f"{path} has other rows or columns than follow from the traces"
        return
    for index in range(len(now)):
        for column in now.columns:
            old, new = before[column].iloc[index], now[column].iloc[index]
            if not _same(old, new):
                yield f"{path}: {column} of {now['cell'].iloc[index]} is {old}, the traces give {new}"


def _same(old: Any, new: Any) -> bool:
    if pd.isna(old) or pd.isna(new):
        return bool(pd.isna(old) and pd.isna(new))
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= TOLERANCE * max(abs(old), abs(new))
    return bool(old == new)
