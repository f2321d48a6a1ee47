"""What is asked of a training, as immutable records that can be compared, hashed and written as JSON."""

from dataclasses import MISSING, dataclass, fields, replace
from typing import NamedTuple, Optional, Tuple

from workloads import WorkloadError

ROLES = ("train", "search", "retrain", "finetune")
RULES = ("consecutive", "window", "end")


@dataclass(frozen=True)
class Draw:
    """When a training's ticket of `ratio` is drawn: when an early-bird `rule` fires, or at the `end`."""

    ratio: float
    rule: str = "consecutive"
    window: int = 5
    epsilon: float = 0.1

    def __post_init__(self):
        if not 0 < self.ratio < 1:
            raise WorkloadError("ratio {} is outside (0, 1): it is the share of channels to prune, "
                                "for example 0.5".format(self.ratio))
        _one_of("rule", self.rule, RULES)
        _at_least("window", self.window, 1)
        _positive("epsilon", self.epsilon)

    @property
    def key(self) -> str:
        """A name for events and files, unique among the draws of a training: `consecutive-0.5`."""
        parts = [self.rule, _short(self.ratio)]
        parts += [name[0] + _short(value) for name, value in _asked(self).items() if name in ("window", "epsilon")]
        return "-".join(parts)


@dataclass(frozen=True)
class Source:
    """The ticket that a training starts from.  Other draws of the same training do not make another source."""

    training: "Training"
    draw: Draw

    def __post_init__(self):
        object.__setattr__(self, "training", self.training.without_draws())


@dataclass(frozen=True)
class Training:
    """One training of one network, everything that decides its weights: the stage that is run, measured, stored.

    `role` names the phase around it.  Epoch indices are absolute: `start` (None: the epoch at which the source's
    ticket was drawn) to `epochs` - 1, on one schedule: `lr`, times `decay` at the start of each epoch in `milestones`.
    `limit` is the number of training images (None: all), `sparsity` the L1 factor on BatchNorm gammas.  A training
    with `draws` ends when all have been drawn, and at the latest after `search_epochs` (None: `epochs`).
    `inherit` takes the weights of the source's ticket; without it they are drawn afresh.
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

    def __post_init__(self):
        object.__setattr__(self, "milestones", tuple(self.milestones))
        object.__setattr__(self, "draws", tuple(self.draws))
        _check_training(self)

    @property
    def last_epoch(self) -> int:
        """Epochs trained at the latest when this ends: `search_epochs` where set, else `epochs`."""
        return self.epochs if self.search_epochs is None else min(self.search_epochs, self.epochs)

    def without_draws(self) -> "Training":
        """The same training, whatever is drawn from it: what identifies it as a source."""
        return replace(self, draws=()) if self.draws else self

    def with_draws(self, draws) -> "Training":
        """The same training serving also these draws; order is by key, so that equal sets are equal trainings."""
        return replace(self, draws=tuple(sorted(set(self.draws) | set(draws), key=lambda draw: draw.key)))

    def asked(self) -> dict:
        """JSON-able fields minus those at their default: a new field with a no-op default keeps old hashes."""
        return _plain(self, _asked(self))

    def full(self) -> dict:
        """JSON-able: every field with its value."""
        return _plain(self, {field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def from_dict(cls, values: dict) -> "Training":
        """The inverse of `asked` and `full`; an unknown field raises."""
        values = dict(values)
        _known(cls, values)
        if values.get("source") is not None:
            source = values["source"]
            values["source"] = Source(cls.from_dict(source["training"]), _draw(source["draw"]))
        values["draws"] = tuple(_draw(draw) for draw in values.get("draws", ()))
        return cls(**values)


class Charge(NamedTuple):
    """What one table row is charged: a whole training, or its epochs up to the draw `until` and that draw's detector."""

    training: Training
    until: Optional[Draw] = None


@dataclass(frozen=True)
class Job:
    """Settings that all trainings of a table row share; fields as in `Training`."""

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

    def __post_init__(self):
        object.__setattr__(self, "milestones", tuple(self.milestones))

    def training(self, role: str, **changes) -> Training:
        """A training with this job's settings, except for `changes`."""
        shared = {field.name: getattr(self, field.name) for field in fields(self)}
        return Training(role=role, **dict(shared, **changes))


def _check_training(training):
    _one_of("role", training.role, ROLES)
    for name in ("epochs", "batch_size"):
        _at_least(name, getattr(training, name), 1)
    for name in ("limit", "search_epochs"):
        if getattr(training, name) is not None:
            _at_least(name, getattr(training, name), 1)
    for name in ("lr", "width", "decay"):
        _positive(name, getattr(training, name))
    for name in ("momentum", "weight_decay", "sparsity"):
        if not 0 <= getattr(training, name) < float("inf"):
            raise WorkloadError("{} is {}: it must be 0 or more".format(name, getattr(training, name)))
    if training.start is None and training.source is None:
        raise WorkloadError("start is not set, and there is no source whose draw could set it: use start = 0")
    if training.start is not None and not 0 <= training.start < training.epochs:
        raise WorkloadError("start {} is outside the {} epochs of the training: use 0 to {}".format(
            training.start, training.epochs, training.epochs - 1))
    if len({draw.key for draw in training.draws}) < len(training.draws):
        raise WorkloadError("the same draw is asked for twice: {}".format(", ".join(d.key for d in training.draws)))


def _at_least(name, value, least):
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise WorkloadError("{} is {!r}: it must be a whole number, {} or more".format(name, value, least))


def _positive(name, value):
    if not 0 < value < float("inf"):
        raise WorkloadError("{} is {}: it must be more than 0".format(name, value))


def _one_of(name, value, allowed):
    if value not in allowed:
        raise WorkloadError("no {} {!r}; there are: {}".format(name, value, ", ".join(allowed)))


def _short(number) -> str:
    return "{:.12g}".format(number)


def _asked(record) -> dict:
    return {field.name: getattr(record, field.name) for field in fields(record)
            if field.default is MISSING or getattr(record, field.name) != field.default}


def _plain(training, values) -> dict:
    """JSON-able `values` of a training; nested records are written the same way (asked or full)."""
    whole = len(values) == len(fields(training))
    nested = Training.full if whole else Training.asked
    plain = dict(values)
    for name in {"milestones"} & set(values):
        plain[name] = list(values[name])
    for name in {"draws"} & set(values):
        plain[name] = [_draw_dict(draw, whole) for draw in values[name]]
    if values.get("source") is not None:
        source = values["source"]
        plain["source"] = {"training": nested(source.training), "draw": _draw_dict(source.draw, whole)}
    return plain


def _draw_dict(draw, whole) -> dict:
    return {field.name: getattr(draw, field.name) for field in fields(draw)} if whole else _asked(draw)


def _draw(values) -> Draw:
    _known(Draw, values)
    return Draw(**values)


def _known(record, values):
    names = [field.name for field in fields(record)]
    for name in sorted(set(values) - set(names)):
        raise WorkloadError("no field {!r} in {}; there are: {}".format(name, record.__name__, ", ".join(names)))
