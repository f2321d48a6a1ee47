"""From a study to its cells (table rows) and to the stages that serve them, each stage once."""

import hashlib
import json
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from harness.errors import UserError
from harness.options import check_keys, check_type, keywords, unknown
from harness.study import Study, check_ratio, registry
from workloads import WorkloadError, methods
from workloads.auto import AUTO
from workloads.job import Charge, Job, Training


class Cell(NamedTuple):
    """A table row of one seed: a method on a model and a dataset, with what it is charged."""

    method: str
    label: str
    model: str
    dataset: str
    ratio: Optional[float]
    seed: int
    options: Dict[str, Any]
    charges: Tuple[Charge, ...]

    @property
    def cell(self) -> "Cell":
        """The row itself, as `harness.profile.ProfileCell` names the row that it composes."""
        return self

    @property
    def id(self) -> str:
        parts = [self.label, self.model, self.dataset]
        parts += [] if self.ratio is None else [format(self.ratio, "g")]
        return "-".join(parts + [f"seed{self.seed}"])


class Plan(NamedTuple):
    """Cells, and the trainings to run for them in an order in which sources come first."""

    study: Study
    cells: Tuple[Cell, ...]
    stages: Tuple[Training, ...]
    missing: Tuple[Any, ...] = ()  # a full run makes what it needs; a profile may lack tickets

    def stage_of(self, charge: Charge) -> Training:
        """The stage that runs a charge's training, which may serve other rows too."""
        return next(stage for stage in self.stages if stage.without_draws() == charge.training.without_draws())

    def sources_of(self, stage: Training) -> List[Training]:
        """The stages that a stage starts from, in the order of its `sources`."""
        return [self.stage_of(Charge(source)) for source in stage.sources]

    def ticket_of(self, stage: Training) -> None:
        """Tickets come from other stages here, not from files."""

    def check(self) -> None:
        """Nothing can be missing: what a full run needs, it makes."""

    def as_json(self) -> Dict[str, Any]:
        """What cells.json holds."""
        return {
            "schema": 1,
            "study": self.study.name,
            "repetitions": self.study.repetitions,
            "cells": [cell_json(cell, _charges_json(self, cell)) for cell in self.cells],
        }


def stage_name(training: Training) -> str:
    """The name of a stage: a hash of what was asked minus defaults."""
    return hashlib.sha256(json.dumps(training.asked(), sort_keys=True).encode()).hexdigest()[:12]


def plan(study: Study, only: Tuple[str, ...] = ()) -> Plan:
    """The cells of a study that `only` (`key=value` filters) leaves, with their stages.

    A shared stage serves every row of the study, also those that `only` leaves out, so that its name stays the same.
    """
    try:
        every = tuple(_cells(study))
    except WorkloadError as error:
        raise UserError(f"study {study.name}: {error}", code=2) from error
    stages = _shared([charge.training for cell in every for charge in cell.charges])
    cells = tuple(cell for cell in every if all(_matches(cell, rule) for rule in _rules(only)))
    if not cells:
        rows = ", ".join(cell.id for cell in every)
        raise UserError(f"--only {','.join(only)} leaves no row of study {study.name}; its rows are: {rows}", code=2)
    needed = {charge.training.without_draws() for cell in cells for charge in cell.charges}
    return Plan(study, cells, tuple(stage for stage in stages if stage.without_draws() in needed))


def recipe(name: str):
    """The recipe of a method; unknown names raise."""
    if name not in registry("method"):
        raise unknown("method", name, registry("method"))
    return methods.find(name).recipe


def _cells(study: Study) -> Iterator[Cell]:
    for model in study.models:
        settings = _settings(study, model)
        for dataset in study.datasets:
            for seed in study.seeds:
                job = Job(model=model, dataset=dataset, seed=seed, **settings)
                for label, asked in study.methods.items():
                    for cell in _method_cells(study, job, label, dict(asked)):
                        yield cell


def _settings(study: Study, model: str) -> Dict[str, Any]:
    """What all trainings of a model share: the study's settings, the model's own before the others."""
    shared = {key: value for key, value in study.training.items() if key not in study.models}
    return _tuples(dict(shared, **study.training.get(model, {})))


def _tuples(values: Dict[str, Any]) -> Dict[str, Any]:
    """The same values as records hold them: TOML's lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _method_cells(study: Study, job: Job, label: str, options: Dict[str, Any]) -> Iterator[Cell]:
    method = options.pop("method", label)
    make = recipe(method)
    defaults = keywords(make)
    check_keys(f"option of method {method}:", options, defaults)
    for key, value in options.items():
        if (key, value) == ("ratio", AUTO):
            continue
        check_type(f"methods.{label}.{key} in study {study.name}", value, defaults[key])
    for ratio in _ratios(study, defaults, options):
        chosen = dict(options) if ratio is None else dict(options, ratio=ratio)
        charges = tuple(make(job, **_tuples(chosen)))
        yield Cell(method, label, job.model, job.dataset, ratio, job.seed, options, charges)


def _ratios(study: Study, defaults: Dict[str, Any], options: Dict[str, Any]) -> List[Optional[float]]:
    if "ratio" not in defaults or options.get("ratio") == AUTO:
        return [None]
    if "ratio" in options:
        return [check_ratio(options["ratio"])]
    return [float(ratio) for ratio in study.ratios]


def _shared(trainings: List[Training]) -> List[Training]:
    """Each training once, serving the draws of all that are otherwise equal; sources before what needs them."""
    merged: Dict[Training, Training] = {}
    for training in trainings:
        same = training.without_draws()
        merged[same] = merged.get(same, same).with_draws(training.draws)
    return list(merged.values())


def _rules(only: Tuple[str, ...]) -> List[Tuple[str, List[str]]]:
    allowed = ("method", "label", "model", "dataset", "ratio", "seed")
    rules = []
    for text in (part for item in only for part in item.split(",")):
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--only takes key=value pairs such as method=early_bird,ratio=0.5, not {text!r}", code=2)
        check_keys("key for --only:", {key: value}, allowed)
        rules.append((key, value))
    return [(key, [value for other, value in rules if other == key]) for key in dict(rules)]


def _matches(cell: Cell, rule: Tuple[str, List[str]]) -> bool:
    key, values = rule
    actual = getattr(cell, key)
    if isinstance(actual, (int, float)):
        return any(_number(value) == actual for value in values)
    return actual in values


def _number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def _charges_json(plan: Plan, cell: Cell) -> List[Dict[str, Any]]:
    return [
        {
            "role": charge.training.role,
            "stage": stage_name(plan.stage_of(charge)),
            "until": charge.key,
        }
        for charge in cell.charges
    ]


def cell_json(cell: Cell, charges: List[Dict[str, Any]]) -> Dict[str, Any]:
    """What cells.json holds of a cell."""
    return {
        "id": cell.id,
        "method": cell.method,
        "label": cell.label,
        "model": cell.model,
        "dataset": cell.dataset,
        "ratio": cell.ratio,
        "seed": cell.seed,
        "options": cell.options,
        "charges": charges,
    }
