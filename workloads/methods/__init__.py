"""Methods to compare: each module here is one, with `recipe(job, *, options with defaults) -> list of Charge`."""

from types import ModuleType
from typing import List

from workloads import registry


def names() -> List[str]:
    """The methods there are."""
    return registry.names(registry.METHODS)


def find(name: str) -> ModuleType:
    """The method of this name; an unknown one raises."""
    return registry.find(registry.METHODS, name)
