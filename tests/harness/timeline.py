"""Runs with known energy: events of a stage in the order in which the harness writes them, and power per phase."""

import copy
import json
from typing import Any, Dict, List, NamedTuple, Tuple

MS = 1000000

# Milliseconds and watts of each phase's own time; `around` passes in the role phase, `between` in none.
DURATION_MS = {
    "idle": 2000,
    "sync": 300,
    "load": 500,
    "prune": 250,
    "epoch": 1500,
    "detect": 20,
    "evaluate": 130,
    "checkpoint": 90,
    "window": 900,
    "cooldown": 400,
    "around": 10,
    "between": 5,
}
WATTS = {
    "idle": 2.0,
    "sync": 6.0,
    "load": 5.0,
    "search": 4.0,
    "train": 4.0,
    "retrain": 4.0,
    "finetune": 4.0,
    "prune": 7.0,
    "epoch": 9.0,
    "detect": 8.0,
    "evaluate": 7.5,
    "checkpoint": 3.0,
    "window": 8.25,
    "cooldown": 2.5,
    None: 2.25,
}


class Work(NamedTuple):
    """A stage to imitate: epochs `start` to `stop`, `draws` = {key: epochs done when it was drawn}."""

    role: str = "search"
    start: int = 0
    stop: int = 4
    draws: Tuple[Tuple[str, int], ...] = ()
    prunes: bool = False


def attempt(work: Work, number: int = 1, saved: int = 0, t_ns: int = 10**12) -> List[Dict[str, Any]]:
    """All events of an attempt that nothing interrupts; `saved` is the epoch at which its checkpoint takes it up."""
    log = _Log(number, t_ns)
    log.write("attempt", clock={"host": "board", "boot_id": "boot-{}".format(number)})
    log.leaf("idle", inside=[("sync", {})])
    log.leaf("load")
    log.begin(work.role)
    log.pass_time("around")
    if work.prunes:
        log.leaf("prune")
    for epoch in range(max(saved, work.start), work.stop):
        _epoch(log, work, epoch)
    log.pass_time("around")
    log.end(work.role)
    if work.draws:
        log.leaf("window", of="detect", repeats=100)
    log.write("result", result=result(work))
    log.leaf("cooldown")
    return log.lines


def _epoch(log: "_Log", work: Work, epoch: int) -> None:
    log.begin("epoch", epoch=epoch)
    log.pass_time("epoch")
    for key, done in work.draws:
        if epoch == done - 1 or (epoch < done and not key.startswith("end")):
            log.leaf("detect", draw=key)
    log.leaf("evaluate")
    log.end("epoch", loss=1.0 / (epoch + 1))
    log.begin("checkpoint")
    log.pass_time("checkpoint")
    log.write("commit", epochs_done=epoch + 1)
    log.end("checkpoint")
    log.pass_time("around")


def result(work: Work) -> Dict[str, Any]:
    pruned = work.prunes
    draws = {
        key: {
            "ratio": 0.5,
            "rule": key.split("-")[0],
            "epoch": done,
            "fired": done < work.stop,
            "kept": 0.5,
            "distances": [0.5 / (epoch + 1) for epoch in range(done - 1)],
            "repaired_layers": [],
        }
        for key, done in work.draws
    }
    return {
        "epochs_run": [work.start, work.stop],
        "accuracy_final": 0.9,
        "accuracy_best": 0.95,
        "best_epoch": 1,
        "forward_flops": {"paper": 400000 if pruned else 1000000, "mac2": 390000 if pruned else 990000},
        "dense_flops": {"paper": 1000000, "mac2": 990000},
        "images": 1000,
        "batch_size": 100,
        "parameters": 50000 if pruned else 100000,
        "widths": [8, 8],
        "gammas": 16,
        "draws": draws,
        "loss_final": 0.25,
        "detection": {"seconds_each": 0.02, "repeats": 100, "memory_bytes": 10, "flops_paper": 224}
        if work.draws
        else None,
    }


class _Log:
    def __init__(self, number: int, t_ns: int):
        self.number, self.t_ns = number, t_ns
        self.lines: List[Dict[str, Any]] = []
        self.stack: List[int] = []
        self.phases = 0

    def write(self, event: str, **fields: Any) -> None:
        self.lines.append(dict(event=event, attempt=self.number, t_ns=self.t_ns, **fields))

    def begin(self, phase: str, **attributes: Any) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is None:
            self.pass_time("between")
        self.write("begin", phase=phase, id=self.phases, parent=parent, **attributes)
        self.stack.append(self.phases)
        self.phases += 1

    def end(self, phase: str, **notes: Any) -> None:
        self.write("end", phase=phase, id=self.stack.pop(), parent=self.stack[-1] if self.stack else None, **notes)

    def leaf(self, phase: str, inside: Any = (), **attributes: Any) -> None:
        self.begin(phase, **attributes)
        self.pass_time(phase)
        for child, child_attributes in inside:
            self.leaf(child, **child_attributes)
            self.pass_time(phase)
        self.end(phase)

    def pass_time(self, phase: str) -> None:
        self.t_ns += DURATION_MS[phase] * MS


def power_steps(
    lines: List[Dict[str, Any]], until_ns: int, power: Dict[Any, float] = WATTS
) -> List[Tuple[int, int, float]]:
    """(start, stop, watts) of the stretches between events: the watts of the innermost open phase."""
    stack: List[str] = []
    steps = []
    for line, following in zip(lines, lines[1:] + [{"t_ns": until_ns}]):
        if line["event"] == "begin":
            stack.append(line["phase"])
        elif line["event"] == "end":
            stack.pop()
        if following["t_ns"] > line["t_ns"]:
            steps.append((line["t_ns"], following["t_ns"], power[stack[-1] if stack else None]))
    return steps


def killed(lines: List[Dict[str, Any]], count: int) -> List[Dict[str, Any]]:
    """What is left of an attempt that dies after its first `count` events."""
    return copy.deepcopy(lines[:count])


def saved(lines: List[Dict[str, Any]], renamed: bool = False, before: int = 0) -> int:
    """Epochs in the checkpoint of an attempt that died; `renamed`: the one being written had just been put in place."""
    done = [line["epochs_done"] for line in lines if line["event"] == "commit"]
    epochs = done[-1] if done else before
    dying = [line["phase"] for line in lines if line["event"] == "begin"][-1:] == ["checkpoint"]
    return epochs + 1 if renamed and dying and lines[-1]["event"] == "begin" else epochs


def as_text(lines: List[Dict[str, Any]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)
