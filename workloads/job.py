"""What is asked of a training, as immutable records that can be compared, hashed and written as JSON."""

from dataclasses import dataclass, fields, replace
from typing import Any, Iterable, NamedTuple, Optional, Tuple

from workloads import WorkloadError
from workloads.records import above, at_least, below_one, known_fields, not_negative, one_of, plain, settle_numbers

ROLES = ("train", "search", "retrain", "finetune")
RULES = ("consecutive", "window", "end", "epoch")
UNDETECTED = ("end", "epoch")  # rules that know beforehand after which epoch they draw
JOINT = " and "  # between the keys of several draws
IN_HARDWARE = ("fp32", "bf16", "fp16")
EMULATED = ("block8", "wage8")  # 8 bits computed in FP32: the numbers of that precision, not its energy
PRECISIONS = IN_HARDWARE + EMULATED
SEEDS = 2**32  # so many numpy takes


@dataclass(frozen=True)
class Draw:
    """How a ticket that prunes the share `ratio` is drawn, and when: when an early-bird `rule` fires, or at the `end`,
    or, with the rule `epoch`, when `at` epochs are done.

    `by` names the module of `workloads.draws` that draws it, in its `variant` where it has several; without it the
    ticket is the channel mask of the BatchNorm scales, which alone an early-bird rule can follow.
    """

    ratio: float
    rule: str = "consecutive"
    window: int = 5
    epsilon: float = 0.1
    by: str = ""
    variant: str = ""
    at: Optional[int] = None

    def __post_init__(self):
        settle_numbers(self)
        if not 0 < self.ratio < 1:
            raise WorkloadError(
                f"ratio {self.ratio} is outside (0, 1): it is the share of channels to prune, such as 0.5"
            )
        one_of("rule", self.rule, ("end",) if self.by else RULES)
        at_least(self, "window", 2 if self.rule == "window" else 1)
        above(self, "epsilon", 0)
        at_least(self, "at", 1)
        if (self.rule == "epoch") != (self.at is not None):
            raise WorkloadError(f"rule {self.rule!r} with at = {self.at}: the rule 'epoch' needs at = N, others none")

    @property
    def key(self) -> str:
        """A name for events and files, unique among the draws of a training: `consecutive-0.5`."""
        special = [f"{name[0]}{value:.12g}" for name, value in plain(self).items() if name in ("window", "epsilon")]
        named = [part for part in (self.by, self.variant) if part]
        return "-".join(named + [f"{self.rule}{self.at or ''}", f"{self.ratio:.12g}"] + special)


@dataclass(frozen=True)
class Source:
    """The ticket that a training starts from; other draws of its training do not make another source."""

    training: "Training"
    draw: Draw

    def __post_init__(self):
        object.__setattr__(self, "training", self.training.without_draws())


@dataclass(frozen=True)
class Training:
    """One training of one network and everything that decides its weights: the stage that is run and stored.

    `role` names the phase around it.  Epoch indices are absolute: `start` (None: the epoch at which the
    source's ticket was drawn) to `epochs` - 1, on one schedule: `lr`, times `decay` at the start of each epoch
    in `milestones`.  `limit` is the number of training images (None: all), `sparsity` the L1 factor on BatchNorm
    gammas.  A training with `draws` ends when all have been drawn, and at the latest after `search_epochs`
    (None: `epochs`).  `inherit` takes the weights of the source's ticket; without it they are drawn afresh.
    `score` is drawn from the initial weights before the first epoch, `soft` the share of each convolution's filters
    that is zeroed after every epoch, `align` what widths are padded to a multiple of.  `holdout` is the share of the
    training images that are kept for validation, `swa_start` the epoch from whose end on weights are averaged.
    `trial_epochs` ends it so many epochs after its start; with a `choice` it goes on where the best of some trials
    ended.

    With `windows` it is not trained: so many windows of its steady state are run (`workloads.profile`), of the network
    that the ticket of digest `ticket` leaves where one is named.
    """

    role: str
    model: str
    dataset: str
    seed: int = 0
    width: float = 1.0
    limit: Optional[int] = None
    epochs: int = 160
    start: Optional[int] = 0
    lr: float = 0.1
    milestones: Tuple[int, ...] = (80, 120)
    decay: float = 0.1
    batch_size: int = 256
    momentum: float = 0.9
    weight_decay: float = 1e-4
    sparsity: float = 0.0
    augment: bool = True
    precision: str = "fp32"
    draws: Tuple[Draw, ...] = ()
    search_epochs: Optional[int] = None
    source: Optional[Source] = None
    inherit: bool = True
    score: Optional[Draw] = None
    soft: float = 0.0
    align: int = 1
    holdout: float = 0.0
    swa_start: Optional[int] = None
    trial_epochs: Optional[int] = None
    choice: Optional["Choice"] = None
    windows: int = 0
    ticket: str = ""

    def __post_init__(self):
        object.__setattr__(self, "milestones", tuple(self.milestones))
        object.__setattr__(self, "draws", tuple(self.draws))
        settle_numbers(self)
        _check(self)

    @property
    def last_epoch(self) -> int:
        """Epochs trained at the latest when this ends: `search_epochs` where set, else `epochs`."""
        return self.epochs if self.search_epochs is None else min(self.search_epochs, self.epochs)

    @property
    def sources(self) -> Tuple["Training", ...]:
        """The trainings whose stores this one starts from, without their draws."""
        if self.choice is not None:
            return self.choice.trials
        return () if self.source is None else (self.source.training,)

    def begun_at(self, start: int) -> "Training":
        """The same training for whoever trains it, now that its first epoch is known: a trial has its last one."""
        if self.trial_epochs is None:
            return self
        return replace(self, search_epochs=min(self.last_epoch, start + self.trial_epochs))

    def without_draws(self) -> "Training":
        """The same training, whatever is drawn from it: what identifies it as a source."""
        return replace(self, draws=()) if self.draws else self

    def with_draws(self, draws: Iterable[Draw]) -> "Training":
        """The same training serving these draws too; in order of key, so that equal sets make equal trainings."""
        return replace(self, draws=tuple(sorted(set(self.draws) | set(draws), key=lambda draw: draw.key)))

    def asked(self) -> dict:
        """JSON-able fields minus those at their default: a new field with a no-op default keeps old hashes."""
        return plain(self)

    def full(self) -> dict:
        """JSON-able: every field with its value."""
        return plain(self, whole=True)

    @classmethod
    def from_dict(cls, values: dict) -> "Training":
        """The inverse of `asked` and `full`; an unknown field raises."""
        known_fields(cls, values)
        values = dict(values, draws=tuple(_draw(draw) for draw in values.get("draws", ())))
        if values.get("source") is not None:
            source = values["source"]
            values["source"] = Source(cls.from_dict(source["training"]), _draw(source["draw"]))
        if values.get("choice") is not None:
            known_fields(Choice, values["choice"])
            trials = tuple(cls.from_dict(trial) for trial in values["choice"]["trials"])
            values["choice"] = Choice(**dict(values["choice"], trials=trials))
        if values.get("score") is not None:
            values["score"] = _draw(values["score"])
        return cls(**values)


@dataclass(frozen=True)
class Choice:
    """Which of some `trials`, each from a ticket of its own, is trained on: the cheapest that loses little enough.

    A trial may lose at most `max_drop` (a share, 0..1) of validation accuracy: from the best that the network had
    reached when the ticket was drawn to the best after the trial.  Cost is what is left to train, in FLOPs, or in
    joules where `joules` holds pairs (ratio, J per epoch).
    """

    trials: Tuple[Training, ...]
    max_drop: float = 0.01
    joules: Tuple[Tuple[float, float], ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "trials", tuple(self.trials))
        object.__setattr__(self, "joules", tuple(_ratio_and_joules(pair) for pair in self.joules))
        settle_numbers(self)
        _check_choice(self)


class Charge(NamedTuple):
    """What a table row is charged: a whole training, or its epochs up to the draw `until` and that detector.

    Where it waits for several draws, `also` are the others: it is charged up to the last of them, and all detectors.
    """

    training: Training
    until: Optional[Draw] = None
    also: Tuple[Draw, ...] = ()

    @property
    def key(self) -> Optional[str]:
        """The keys of its draws, joined by JOINT; None without any."""
        return JOINT.join(draw.key for draw in (self.until,) + self.also) if self.until is not None else None


@dataclass(frozen=True)
class Job:
    """Settings that all trainings of a table row share; fields as in `Training`.

    `precision` is one that hardware has: those that are emulated are options of the methods that use them.
    """

    model: str
    dataset: str
    seed: int = 0
    width: float = 1.0
    limit: Optional[int] = None
    epochs: int = 160
    lr: float = 0.1
    milestones: Tuple[int, ...] = (80, 120)
    decay: float = 0.1
    batch_size: int = 256
    momentum: float = 0.9
    weight_decay: float = 1e-4
    augment: bool = True
    holdout: float = 0.0
    precision: str = "fp32"

    def __post_init__(self):
        object.__setattr__(self, "milestones", tuple(self.milestones))
        one_of("precision", self.precision, IN_HARDWARE)

    def training(self, role: str, **changes: Any) -> Training:
        """A training with this job's settings, except for `changes`."""
        shared = {field.name: getattr(self, field.name) for field in fields(self)}
        return Training(role=role, **dict(shared, **changes))


def _draw(values: dict) -> Draw:
    known_fields(Draw, values)
    return Draw(**values)


def _check(training):
    one_of("role", training.role, ROLES)
    one_of("precision", training.precision, PRECISIONS)
    at_least(training, "seed", 0)
    if training.seed >= SEEDS:
        raise WorkloadError(f"seed is {training.seed}: it must be less than {SEEDS}")
    if not all(isinstance(epoch, int) and epoch >= 0 for epoch in training.milestones):
        raise WorkloadError(f"milestones are {list(training.milestones)}: each must be the number of an epoch")
    at_least(training, "swa_start", 0)
    at_least(training, "windows", 0)
    for name in ("epochs", "batch_size", "limit", "search_epochs", "align", "trial_epochs"):
        at_least(training, name, 1)
    for name in ("lr", "width", "decay"):
        above(training, name, 0)
    for name in ("momentum", "weight_decay", "sparsity"):
        not_negative(training, name)
    for name in ("soft", "holdout"):
        below_one(training, name)
    if training.start is None and not training.sources:
        raise WorkloadError("start is not set, and there is no source whose draw could set it: use start = 0")
    if training.start is not None and not 0 <= training.start < training.epochs:
        raise WorkloadError(
            f"start {training.start} is outside the {training.epochs} epochs of the training: "
            f"use 0 to {training.epochs - 1}"
        )
    late = [draw for draw in training.draws if draw.at is not None and draw.at > training.last_epoch]
    if late:
        raise WorkloadError(f"no ticket can be drawn at epoch {late[0].at}: the training ends at {training.last_epoch}")
    if len({draw.key for draw in training.draws}) < len(training.draws):
        keys = ", ".join(draw.key for draw in training.draws)
        raise WorkloadError(f"the same draw is asked for twice: {keys}")


def _ratio_and_joules(pair):
    try:
        ratio, joules = pair
        return float(ratio), float(joules)
    except (TypeError, ValueError) as error:
        raise WorkloadError(f"joules per epoch lists {pair!r}: each is a pair, such as [0.5, 1191.0]") from error


def _check_choice(choice):
    not_negative(choice, "max_drop")
    if not choice.trials or not all(trial.source is not None and trial.holdout > 0 for trial in choice.trials):
        raise WorkloadError(
            "a ratio is chosen by validation accuracy, and no images are held out for it: set holdout, such as 0.1"
        )
    known = [ratio for ratio, _ in choice.joules]
    missing = [trial.source.draw.ratio for trial in choice.trials if trial.source.draw.ratio not in known]
    if choice.joules and missing:
        raise WorkloadError(f"joules per epoch are given for ratios {known}, and not for {missing}: give all or none")
