"""What finding the ticket costs, three ways: memory, FLOPs and energy, each against what it is small beside."""

from typing import Any, List, Mapping, NamedTuple, Optional

from harness.ledger.charges import draw_keys, epochs, fired, total
from harness.ledger.energies import Reading
from harness.ledger.flops import detection_flops, training_flops
from harness.ledger.stage import StageRun


class Detection(NamedTuple):
    """The overhead of one row's detector.  Shares are fractions, None where a part was not measured.

    `published_memory_bytes` and `flops` count as the published claims do: 4 bytes per gamma, 3 n log2 n + 2 n;
    `memory_bytes` is what this detector holds.  `joules` is one detection, from the repeated kernel.  A row that
    chooses its ratio has a detector for each.
    """

    cell: str
    gammas: int
    detections: int
    memory_bytes: int
    published_memory_bytes: int
    weight_bytes: int
    flops: float
    forward_flops: float
    search_flops: float
    seconds: Optional[float]
    joules: Optional[float]
    epoch_joules: Optional[float]
    search_joules: Optional[float]
    simulated: bool
    reason: Optional[str]

    @property
    def memory_share(self) -> float:
        return self.memory_bytes / self.weight_bytes

    @property
    def published_memory_share(self) -> float:
        return self.published_memory_bytes / self.weight_bytes

    @property
    def flops_share_of_forward(self) -> float:
        """Against ONE forward pass of one image, as published."""
        return self.flops / self.forward_flops

    @property
    def flops_share_of_search(self) -> float:
        return self.detections * self.flops / self.search_flops

    @property
    def joules_share_of_epoch(self) -> Optional[float]:
        return _share(self.joules, self.epoch_joules)

    @property
    def joules_share_of_search(self) -> Optional[float]:
        return _share(None if self.joules is None else self.detections * self.joules, self.search_joules)


def detection(
    cell: Mapping[str, Any], runs: Mapping[str, StageRun], meter: Optional[str] = None
) -> Optional[Detection]:
    """The overhead of a row's own detector; None where it has none or its search is unfinished."""
    searches = [item for item in cell["charges"] if item["until"]]
    run = runs[searches[0]["stage"]] if searches else None
    if run is None or not run.result.get("detection") or fired(cell, runs) is None:
        return None
    result, done = run.result, epochs(searches[0], run) or 0
    drawn = [result["draws"][key]["epoch"] for key in draw_keys(searches[0])]
    name = meter or (run.meters[0] if run.meters else "")
    readings = run.energies(name)
    kernel = _kernel(readings)
    limit = result["epochs_run"][0] + done
    whole_epochs = [r for r in readings if r.window.phase == "epoch" and not r.window.lost]
    each = [r.own_joules for r in whole_epochs if r.window.epoch is not None and r.window.epoch < limit]
    whole = total(each) if each else None
    return Detection(
        cell["id"],
        result["gammas"],
        sum(epoch - result["epochs_run"][0] for epoch in drawn),
        len(drawn) * result["detection"]["memory_bytes"],
        len(drawn) * 4 * result["gammas"],
        4 * result["parameters"],
        detection_flops(result["gammas"]),
        result["forward_flops"]["paper"],
        training_flops(result, done),
        result["detection"]["seconds_each"],
        _joules_each(kernel),
        None if whole is None else whole / len(each),
        whole,
        run.simulated(name),
        _reason(kernel),
    )


def joules_each(run: StageRun, meter: str) -> Optional[float]:
    """Joules of one detection of a stage, from its repeated kernel; None where that was not run or not covered."""
    return _joules_each(_kernel(run.energies(meter)))


def _kernel(readings: List[Reading]) -> List[Reading]:
    """The last run of the repeated detection, or nothing."""
    found = [r for r in readings if r.window.phase == "window" and r.window.notes.get("of") == "detect"]
    return [reading for reading in found if reading.window.ended][-1:]


def _joules_each(kernel: List[Reading]) -> Optional[float]:
    repeats = kernel[0].window.notes.get("repeats") if kernel else None
    if not repeats or kernel[0].joules is None:
        return None
    return kernel[0].joules / repeats


def _reason(kernel: List[Reading]) -> Optional[str]:
    if not kernel:
        return "no repeated detection was run, and a single one is shorter than any meter's period"
    return kernel[0].reason


def _share(part: Optional[float], whole: Optional[float]) -> Optional[float]:
    return part / whole if part is not None and whole else None
