"""The kinds of thing that a training is made of, by name: each a module of its folder, or of an installed package."""

from types import ModuleType
from typing import List

from extensions import Kind, Refused
from workloads import API_VERSION, WorkloadError

MODELS = Kind("model", "workloads.models", "harness.models", API_VERSION)
DATASETS = Kind("dataset", "workloads.data", "harness.datasets", API_VERSION)
METHODS = Kind("method", "workloads.methods", "harness.methods", API_VERSION)
DRAWS = Kind("way to draw", "workloads.draws")


def names(kind: Kind) -> List[str]:
    """What there is of a kind, sorted; nothing is imported."""
    try:
        return kind.names()
    except Refused as error:
        raise WorkloadError(str(error)) from error


def find(kind: Kind, name: str) -> ModuleType:
    """The module of this name, the only one imported; an unknown name raises with the alternatives."""
    try:
        return kind.find(name)
    except Refused as error:
        raise WorkloadError(str(error)) from error
