"""A prediction while the run that it was made for goes on: what is finished takes the place of what was foretold."""

from typing import Any, Callable, Dict, List, Optional, Tuple

from harness import rundir
from harness.forecast import stored
from harness.forecast.study import Range
from harness.ledger.stage import StageRun
from harness.plan import stage_name
from harness.quantities import kilojoules
from workloads.job import Training


class Follower:
    """Follows a run through `work`, its repetitions in order; silent where no energy was predicted for each."""

    def __init__(self, folder: rundir.StudyFolder, work: List[Tuple[rundir.Rep, Training]]):
        self._content = stored.read(folder) or {}
        self._names = [stage_name(stage) for _, stage in work]
        self._open = [(rep, stage_name(stage)) for rep, stage in work]
        self._stages = {stage["name"]: stage for stage in self._content.get("stages", [])}
        self._spent: Dict[str, float] = {}

    def epoch_seconds(self) -> List[Optional[float]]:
        """What an epoch of each repetition was said to take."""
        known = stored.epoch_seconds(self._content)
        return [known.get(name) for name in self._names]

    def tell(self, rep: rundir.Rep, say: Callable[[str], None]) -> None:
        """Say what the whole run takes by now: measured as far as it has come, foretold from there on."""
        self._open = [(other, name) for other, name in self._open if other.folder != rep.folder]
        joules = _trained_J(rep)
        left = [self._stages.get(name, {}).get("joules") for _, name in self._open]
        if joules is None or None in left:
            self._stages = {}  # one gap, and there is no total any more
            return
        self._spent[str(rep.folder)] = joules
        spent, rest = sum(self._spent.values()), [Range(**one) for one in left if one is not None]
        low, likely, high = (spent + sum(one[index] for one in rest) for index in range(3))
        if rest:
            say(
                f"  {kilojoules(spent)} kJ of training so far, {kilojoules(likely)} kJ in all "
                f"({kilojoules(low)} to {kilojoules(high)})"
            )
        elif "total" in self._content and self._content["total"]["joules"]:
            say(f"  {kilojoules(spent)} kJ of training; {_said(self._content)} was predicted before the run")


def _trained_J(rep: rundir.Rep) -> Optional[float]:
    """Joules of the epochs of a finished stage on its headline meter; None where a meter missed some."""
    run = StageRun.open(rep.folder)
    found = [r.own_joules for r in run.energies() if r.window.phase == "epoch" and not r.window.lost]
    known = [joules for joules in found if joules is not None]
    return sum(known) if run.meters and len(known) == len(found) else None


def _said(content: Dict[str, Any]) -> str:
    total = content["total"]["joules"]
    return f"{kilojoules(total['likely'])} kJ ({kilojoules(total['low'])} to {kilojoules(total['high'])})"
