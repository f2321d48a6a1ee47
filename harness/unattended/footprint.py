"""What a run will write, before it starts: a full disk ends a run, and flash wears out by what is written to it."""

import os
from pathlib import Path
from typing import Any, Callable, Iterable, NamedTuple, Optional, Sequence

from harness import runner
from harness.errors import UserError
from harness.quantities import prefixed
from meters.errors import MeterError
from meters.trace_format import fixed_columns, value_type
from workloads.job import Training

# Parameters of each network at full width, for 100 or 1000 classes; they grow with the square of the width.
PARAMETERS = {"vgg16": 14770000, "preresnet101": 1077000, "resnet18": 11690000, "resnet50": 25560000}
VALUE_BYTES = 4
BATCH_BYTES = 1000  # what a batch of samples, one a second, is wrapped in
STATE_BYTES_PER_S = 180
WIDTHS = {"int64": 8, "int32": 4, "uint8": 1, "float32": 4, "float64": 8}
LEAST_S = 3600.0  # of recording that the disk must have room for


class Footprint(NamedTuple):
    """Bytes: of the largest checkpoint, of all checkpoints that will be written, of what stays, and of traces a second.

    `unknown`: models whose size is not known here, of which nothing is counted.
    """

    checkpoint: float
    written: float
    kept: float
    traces_per_s: float
    unknown: Sequence[str] = ()

    @property
    def needed(self) -> float:
        """A new checkpoint is whole before the old one goes; a trace is written anew, in large batches, at its end."""
        return 2 * self.checkpoint + self.kept + 2 * LEAST_S * self.traces_per_s


def footprint(stages: Iterable[Training], meters: Sequence[Any], keep_checkpoints: bool) -> Footprint:
    """Of stages that are still to be run, recorded by meters (`MeterSpec`)."""
    largest = written = kept = 0.0
    unknown = []
    for stage in stages:
        weights = _weights_bytes(stage)
        if weights is None:
            unknown.append(stage.model)
            continue
        checkpoint = 2 * weights  # with momentum
        if stage.windows:
            continue  # a profile saves no weights
        largest = max(largest, checkpoint)
        written += checkpoint * (stage.last_epoch - (stage.start or 0))
        kept += weights * len(stage.draws) + (checkpoint if keep_checkpoints else 0)
    per_s = sum(_trace_bytes_per_s(spec) for spec in meters) + STATE_BYTES_PER_S
    return Footprint(largest, written, kept, per_s, sorted(set(unknown)))


def announce(plan: Any, out: Path, settings: Any, say: Callable[[str], None]) -> None:
    """Say what the unfinished stages of a plan will write; UserError where the disk is too small for it."""
    work = [stage for stage, _, state in runner.status(plan, out) if state != "finished"]
    if work:
        check(footprint(work, settings.meters, settings.keep_checkpoints), out, say)


def check(found: Footprint, folder: Path, say: Callable[[str], None], free: Optional[float] = None) -> None:
    """Say what will be written; a disk that is too small for it raises UserError before anything is."""
    place = _existing(folder)
    free = _free_bytes(place) if free is None else free
    if free < found.needed:
        raise UserError(
            f"{_bytes(free)} are free at {place}, and this run needs about {_bytes(found.needed)} to begin with "
            f"({_sizes(found)}): make room, or use --out for a folder on a larger disk"
        )
    days = (free - found.needed) / found.traces_per_s / 86400
    lasts = "for months" if days > 90 else f"for {days:.1f} days of recording"
    unknown = f"; how large {', '.join(found.unknown)} is, is not known here" if found.unknown else ""
    say(f"disk: {_sizes(found)}; {_bytes(free)} are free at {place}, enough {lasts}{unknown}")


def _sizes(found: Footprint) -> str:
    parts = [f"traces {_bytes(3600 * found.traces_per_s)} an hour"]
    if found.checkpoint:
        parts.insert(0, f"checkpoints of {_bytes(found.checkpoint)}, {_bytes(found.written)} written in all")
    if found.kept:
        parts.append(f"{_bytes(found.kept)} of tickets and weights that stay")
    return ", ".join(parts)


def _weights_bytes(stage: Training) -> Optional[float]:
    """Of the network before it is pruned: how much smaller a ticket makes it is not known before it is drawn."""
    if stage.model not in PARAMETERS:
        return None
    return VALUE_BYTES * PARAMETERS[stage.model] * stage.width**2


def _trace_bytes_per_s(spec: Any) -> float:
    """Of a meter at its native rate; one that cannot be made without its device counts as nothing, and fails later."""
    try:
        meter = spec.create()
    except (MeterError, OSError):
        return 0.0
    kinds = [kind for _, kind in fixed_columns(meter.device_clock)] + [value_type(name) for name in meter.columns]
    return sum(WIDTHS[kind] for kind in kinds) / meter.period_s + BATCH_BYTES


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there already."""
    folder = folder.resolve()
    return folder if folder.exists() else _existing(folder.parent)


def _free_bytes(folder: Path) -> float:
    disk = os.statvfs(str(folder))
    return float(disk.f_bavail * disk.f_frsize)


def _bytes(count: float) -> str:
    return prefixed(count, "B", 3)
