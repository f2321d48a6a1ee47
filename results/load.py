"""Finding and reading studies: a directory that `harness run` wrote, as pandas frames."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import UserError
from harness.ledger import StudyRuns
from harness.ledger.mixed import mixed
from harness.ledger.stage import inside
from results import checks, energy, overhead, unit_energy
from results import composed as composition
from results.uncertainty import cells as uncertainty
from results.uncollected import uncollected

LARGEST_STUDY = 1 << 20


class Study:
    """The measurements of a study.  Frames are in SI units, with the unit in each column's name."""

    def __init__(
        self,
        runs: StudyRuns,
        allow_gaps: bool = False,
        correct_lag: bool = False,
        low_precision: float = composition.LOW_PRECISION,
    ):
        self.runs, self.allow_gaps, self.correct_lag, self.low_precision = runs, allow_gaps, correct_lag, low_precision

    @property
    def name(self) -> str:
        return self.runs.name

    @property
    def folder(self) -> Path:
        return self.runs.folder.folder

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The study file as it was run; empty where it is absent or damaged."""
        import tomllib

        path = inside(self.folder, self.runs.folder.study)
        try:
            if path.stat().st_size > LARGEST_STUDY:
                return {}
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}

    @property
    def simulated(self) -> bool:
        """Whether any power in it was simulated."""
        return any(run.simulated(meter) for run in self.runs.runs() for meter in run.meters)

    @property
    def meters(self) -> list[str]:
        """The headline meter first."""
        return self.runs.meters

    @cached_property
    def reader(self) -> uncertainty.Reader:
        """What measures any part of the study's recordings."""
        return uncertainty.Reader(self.runs, self.allow_gaps, self.correct_lag)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row for each cell, repetition and meter: accuracy, energy, FLOPs, time."""
        return energy.cells(self.runs, self.energies)

    @cached_property
    def budgets(self) -> pd.DataFrame:
        """What each cause alone contributes to the 95 % interval of each cell's energy."""
        return energy.budgets(self.runs, self.energies)

    @cached_property
    def energies(self) -> dict[uncertainty.Key, uncertainty.Energy]:
        """The energy of each row with its uncertainty, by (cell, repetition, meter)."""
        with uncollected():
            return uncertainty.every(self.reader)

    @cached_property
    def phases(self) -> pd.DataFrame:
        """Energy and time of each phase of each cell, on each meter."""
        return energy.phases(self.reader)

    @cached_property
    def epochs(self) -> pd.DataFrame:
        """Each epoch that counts: energy, time, loss, accuracy, learning rate."""
        return energy.epochs(self.reader)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Every window of every stage with its energy, coverage and longest gap; also what was lost."""
        return energy.windows(self.reader)

    @cached_property
    def composed(self) -> pd.DataFrame:
        """Composed energy beside what was metered, from steady epochs and from the windows of a profile."""
        return composition.frame(self, self.low_precision)

    @cached_property
    def doubts(self) -> list[str]:
        """What the harness doubts about these figures, each a sentence with its evidence."""
        return checks.doubts(self.runs, self.energies)

    @cached_property
    def detection(self) -> pd.DataFrame:
        """What finding each ticket cost: memory, FLOPs, energy."""
        return overhead.frame(self.runs)


def load(
    directory: str | Path,
    allow_gaps: bool = False,
    correct_lag: bool = False,
    allow_mixed: bool = False,
    unit_energies: str | Path | None = None,
) -> Study:
    """The study in `directory`: its own folder, or one above that holds just this study.

    `allow_gaps` gives figures also where less than 95 % is covered; `correct_lag` takes the filter of a sensor with a
    known time constant back; `allow_mixed` lets stages of different boards, power modes or boundaries into one table.
    `unit_energies` is a table of energies per operation (`results.unit_energy`) for what is estimated of 8 bits.
    Nothing in it is executed or unpickled, and nothing outside it is read; what is damaged raises UserError.
    """
    folders = find(directory)
    if len(folders) > 1:
        raise UserError(
            f"{directory} holds {len(folders)} studies; name one of: {', '.join(map(str, folders))}", code=2
        )
    low_precision = composition.LOW_PRECISION if unit_energies is None else unit_energy.factor(unit_energies)
    study = Study(StudyRuns.open(folders[0]), allow_gaps, correct_lag, low_precision)
    with uncollected():
        reasons = mixed(study.runs)
    if reasons and not allow_mixed:
        raise UserError(
            f"{' '.join(reasons)} Their joules do not go into one table; --allow-mixed makes it all the same."
        )
    return study


def find(directory: str | Path) -> list[Path]:
    """Folders of the studies in or below a directory: a study's, a machine's, or a whole runs directory."""
    top = Path(directory)
    if not top.is_dir():
        raise UserError(f"{top} is not a directory; give one that harness run wrote, for example runs", code=2)
    for pattern in ("cells.json", "studies/*/cells.json", "*/studies/*/cells.json"):
        folders = sorted(path.parent for path in top.glob(pattern))
        if folders:
            return folders
    raise UserError(f"no study in {top}: give a directory that harness run wrote, for example runs", code=2)
