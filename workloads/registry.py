"""The directory is the registry: a module of a package is an entry under its own name."""

import difflib
import importlib
import pkgutil
from types import ModuleType
from typing import List

from workloads import WorkloadError


def names(package: ModuleType) -> List[str]:
    """Names of the entries of a package, sorted; nothing is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def find(package: ModuleType, what: str, name: str) -> ModuleType:
    """The module of this name, the only one imported; an unknown name raises with the alternatives."""
    if name not in names(package):
        near = difflib.get_close_matches(name, names(package), 1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise WorkloadError(f"no {what} '{name}'{hint}; there are: {', '.join(names(package))}")
    return importlib.import_module(f"{package.__name__}.{name}")
