"""The rows of a study: each cell of each repetition with its accuracy, energy, FLOPs and detection overhead."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Generator, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

from harness import rundir
from harness.ledger import charges
from harness.ledger.charges import CellEnergy
from harness.ledger.detection import Detection, detection
from harness.ledger.kept_open import KeptOpen
from harness.ledger.records import CELLS, check
from harness.ledger.stage import StageRun, inside, read_json


class Row(NamedTuple):
    """One cell of one repetition; what an unfinished stage leaves open is None, and `energy.reasons` says so.

    choice: what a row that chose its ratio had to choose from.  accuracy_top5: at the end, None with few classes and in
    records from before it was kept.  classes: of the data set, None in such records.
    """

    cell: Mapping[str, Any]
    repetition: int
    energy: CellEnergy
    accuracy_final: Optional[float]
    accuracy_best: Optional[float]
    flops: Optional[float]
    epochs_searched: Optional[int]
    detection: Optional[Detection]
    choice: Optional[Mapping[str, Any]] = None
    accuracy_top5: Optional[float] = None
    classes: Optional[int] = None


class StudyRuns:
    """A study's folder with the runs that its cells need; each run is read once."""

    def __init__(self, folder: rundir.StudyFolder):
        self.folder = folder
        content = read_json(inside(folder.folder, folder.cells))
        check(content, CELLS, str(folder.cells))
        self.name = str(content.get("study") or folder.folder.name)
        self.profiled = content.get("form") == "profile"
        self.repetitions = content.get("repetitions") or 1
        self.cells: List[Dict[str, Any]] = content.get("cells") or []
        self._runs: Dict[Tuple[str, int], StageRun] = {}
        self._rows: Dict[Optional[str], List[Row]] = {}
        self._traces = KeptOpen()

    @classmethod
    def open(cls, study_dir: Union[str, Path]) -> "StudyRuns":
        return cls(rundir.StudyFolder(Path(study_dir).resolve()))

    @property
    def meters(self) -> List[str]:
        """Every meter of its runs, in the order in which they were named; the first one is the headline meter."""
        return list(dict.fromkeys(meter for run in self.runs() for meter in run.meters))

    @property
    def stages(self) -> List[str]:
        return list(dict.fromkeys(stage for cell in self.cells for stage in _stages(cell)))

    @property
    def shared(self) -> List[str]:
        """Stages that serve more than one row."""
        users = Counter(stage for cell in self.cells for stage in set(_stages(cell)))
        return [stage for stage in self.stages if users[stage] > 1]

    def run(self, stage: str, repetition: int) -> Optional[StageRun]:
        """The run of a stage, None where it was not begun."""
        if (stage, repetition) not in self._runs:
            rep = self.folder.machine.rep(stage, repetition)
            if not rep.manifest.exists():
                return None
            self._runs[stage, repetition] = StageRun.open(rep.folder, self._traces)
        return self._runs[stage, repetition]

    def runs(self) -> List[StageRun]:
        found = [self.run(stage, repetition) for repetition in self.numbers for stage in self.stages]
        return [run for run in found if run is not None]

    def touched(self, cell: Mapping[str, Any]) -> bool:
        """Whether any stage of a cell was begun, in any repetition."""
        return any(self.run(stage, number) for stage in _stages(cell) for number in self.numbers)

    @property
    def numbers(self) -> List[int]:
        return list(range(1, self.repetitions + 1))

    def rows(self, meter: Optional[str] = None) -> List[Row]:
        """A row for each cell and repetition that was begun, in the order of the study."""
        return list(self.each_row(meter))

    def each_row(self, meter: Optional[str] = None) -> Iterator[Row]:
        """The same one by one: whoever asks more of a row's traces at once finds them open."""
        if meter not in self._rows:
            self._rows[meter] = yield from self._read_rows(meter)
        else:
            yield from self._rows[meter]

    def _read_rows(self, meter: Optional[str]) -> Generator[Row, None, List[Row]]:
        found, shared = [], self.shared
        for repetition in self.numbers:
            for cell in self.cells:
                runs = {stage: self.run(stage, repetition) for stage in _stages(cell)}
                if None not in runs.values():
                    found.append(_row(cell, repetition, runs, meter, shared))
                    yield found[-1]
        return found


def _stages(cell: Mapping[str, Any]) -> List[str]:
    """The stages that a cell's figures come from."""
    return [item[key] for item in cell["charges"] for key in ("stage", "fp32_stage") if item.get(key)]


def _row(
    cell: Mapping[str, Any], repetition: int, runs: Mapping[str, Any], meter: Optional[str], shared: List[str]
) -> Row:
    result = runs[cell["charges"][-1]["stage"]].result
    searches = [item for item in cell["charges"] if item["role"] == "search"]
    return Row(
        cell,
        repetition,
        charges.charge(cell, runs, meter, shared),
        result.get("accuracy_final"),
        result.get("accuracy_best"),
        charges.flops(cell, runs),
        charges.epochs(searches[0], runs[searches[0]["stage"]]) if searches else None,
        detection(cell, runs, meter),
        result.get("choice"),
        result.get("accuracy_top5_final"),
        result.get("classes"),
    )
