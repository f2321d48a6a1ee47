"""Tells how far a run is: a live bar with the time left on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any, Dict, List, Optional, Sequence, TextIO, Tuple

from workloads.job import Training


class Estimate:
    """Time left, from the epochs that are left and what epochs have taken so far, each against its prediction.

    `predicted`: seconds of an epoch of each stage, None where nothing was predicted: then all epochs count alike.
    """

    def __init__(self, stages: List[Tuple[Training, bool]], predicted: Sequence[Optional[float]] = ()):
        known = [seconds for seconds in predicted if seconds]
        self._told = len(known) == len(stages) > 0
        self._each = [seconds or 1.0 for seconds in predicted] if self._told else [1.0 for _ in stages]
        self.left = {index: _epochs(stage) for index, (stage, done) in enumerate(stages) if not done}
        self.epochs = sum(self.left.values())
        self._seconds_per_epoch: Optional[float] = None

    def epoch_took(self, seconds: float, stage: int = 0) -> None:
        """A running mean that favours what is running now; `stage` is the place of the epoch's stage."""
        old, new = self._seconds_per_epoch, seconds / self._each[stage]
        self._seconds_per_epoch = new if old is None else 0.7 * old + 0.3 * new

    def seconds(self, overhead_s: float) -> Optional[float]:
        """Seconds left, with `overhead_s` for each stage not yet finished.

        Before the first epoch has ended they are as predicted, None where nothing was.
        """
        factor = self._seconds_per_epoch or (1.0 if self._told else None)
        if factor is None:
            return None
        predicted = sum(epochs * self._each[stage] for stage, epochs in self.left.items())
        return predicted * factor + overhead_s * len(self.left)


class Progress:
    """What the runner and the session tell; subclasses say it."""

    def __init__(self, stream: TextIO, overhead_s: float = 0.0):
        self.stream, self.overhead_s = stream, overhead_s
        self.power, self.unit = "", "epoch"
        self._epoch_began = 0.0
        self._epoch = -1

    def begin(self, stages: List[Tuple[Training, bool]], predicted: Sequence[Optional[float]] = ()) -> None:
        self.stages = [stage for stage, _ in stages]
        self.estimate = Estimate(stages, predicted)
        self._number = 0

    def skip(self, stage: Training) -> None:
        self._number += 1
        self.say(f"{self._title(stage)} already finished")

    def stage(self, stage: Training) -> None:
        self._number += 1
        self._epoch, self.unit = -1, "window" if stage.windows else "epoch"
        self.say(f"{self._title(stage)} ...")

    def finish(self, stage: Training) -> None:
        self.estimate.left.pop(self._number - 1, None)

    def phase(self, text: str) -> None:
        """A short word on what is going on between epochs."""

    def update(
        self, phase: Optional[str] = None, warning: str = "", epoch: int = 0, epochs: int = 0, **details: Any
    ) -> None:
        if warning:
            return self.warn(warning)
        if phase is not None:
            return self.phase(phase)
        now = time.monotonic()
        if epoch != self._epoch:
            if self._epoch >= 0:
                self.estimate.epoch_took(now - self._epoch_began, self._number - 1)
            self._epoch, self._epoch_began = epoch, now
            self.estimate.left[self._number - 1] = epochs - epoch
            self.epoch(epoch, epochs, details)

    def epoch(self, epoch: int, epochs: int, details: Dict[str, Any]) -> None:
        raise NotImplementedError

    def watts(self, watts: Dict[str, Optional[float]]) -> None:
        """None: the meter is away."""
        said = {meter: "away" if value is None else f"{value:.2f} W" for meter, value in watts.items()}
        self.power = ", ".join(f"{meter} {words}" for meter, words in said.items())

    def warn(self, sentence: str) -> None:
        self.say("warning: " + sentence)

    def say(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def close(self) -> None:
        """Leave the terminal as it was."""

    def _title(self, stage: Training) -> str:
        return f"[{self._number}/{len(self.stages)}] {describe(stage)}"

    def left(self) -> str:
        seconds = self.estimate.seconds(self.overhead_s)
        return "" if seconds is None else f"about {duration(seconds)} left"


class Plain(Progress):
    """A line per epoch, for logs and pipes."""

    def epoch(self, epoch: int, epochs: int, details: Dict[str, Any]) -> None:
        self.say(
            "  " + ", ".join(part for part in [f"{self.unit} {epoch + 1} of {epochs}", self.power, self.left()] if part)
        )


class Live(Progress):
    """One bar for the whole run that shows the stage, the power and the time left."""

    def begin(self, stages: List[Tuple[Training, bool]], predicted: Sequence[Optional[float]] = ()) -> None:
        super().begin(stages, predicted)
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[detail]}"),
            console=Console(file=self.stream),
            transient=True,
        )
        self._bar = self._bars.add_task("starting", total=max(self.estimate.epochs, 1), detail="")
        self._bars.start()

    def phase(self, text: str) -> None:
        self._bars.update(self._bar, detail=", ".join(part for part in [text, self.power] if part))

    def epoch(self, epoch: int, epochs: int, details: Dict[str, Any]) -> None:
        left = sum(self.estimate.left.values())
        self._bars.update(self._bar, completed=self.estimate.epochs - left)
        self.phase(", ".join(part for part in [f"{self.unit} {epoch + 1} of {epochs}", self.left()] if part))

    def stage(self, stage: Training) -> None:
        super().stage(stage)
        self._bars.update(self._bar, description=f"{self._number}/{len(self.stages)} {stage.role}")

    def say(self, text: str) -> None:
        if hasattr(self, "_bars"):
            self._bars.console.print(text, highlight=False, markup=False)
        else:
            super().say(text)

    def close(self) -> None:
        if hasattr(self, "_bars"):
            self._bars.stop()


def reporter(overhead_s: float) -> Progress:
    """Progress on stderr, as fits where stderr goes."""
    return (Live if sys.stderr.isatty() else Plain)(sys.stderr, overhead_s)


def describe(stage: Training) -> str:
    """One line that tells a stage from the others of a study."""
    if stage.windows:
        return _describe_profile(stage)
    parts = [stage.role, stage.model, "on", stage.dataset]
    if stage.source is not None:
        parts += ["from ticket", stage.source.draw.key] + ([] if stage.inherit else ["re-initialised"])
    if stage.trial_epochs is not None:
        parts += ["for a trial of", str(stage.trial_epochs), "epochs"]
    if stage.choice is not None:
        parts += ["from the best of", str(len(stage.choice.trials)), "trials"]
    return " ".join(parts)


def _describe_profile(stage: Training) -> str:
    network = f"ticket {stage.ticket}" if stage.ticket else stage.score.key if stage.score else "whole network"
    parts = [f"profile {stage.model} on {stage.dataset}: {network}"]
    parts += ["L1"] if stage.sparsity else []
    parts += [stage.precision] if stage.precision != "fp32" else []
    return ", ".join(parts)


def duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{hours:.1f} h"


def _epochs(stage: Training) -> int:
    return stage.windows or stage.trial_epochs or stage.last_epoch - (stage.start or 0)
