"""What can be named in a study or after --meter: the modules of a folder, and those that installed packages add.

A package adds one by an entry point, `[project.entry-points."harness.meters"] name = "its.module"`; the module states
the version of the interface that it is written for, `API = 1`.  It never takes the place of a built-in one.
"""

import ast
import difflib
import importlib
import importlib.util
import pkgutil
import re
import sys
from types import ModuleType
from typing import Any, Dict, Iterable, List, NamedTuple


class Refused(Exception):
    """There is nothing of that name, or what there is cannot be used; the message says what there is."""


class Kind(NamedTuple):
    """All things of one kind: the modules of `package`, and what entry points of `group` ("": none) name.

    `what` is the word for one of them.  A module of the package whose source does not match `marker` is none of them.
    """

    what: str
    package: str
    group: str = ""
    api: int = 1
    marker: str = ""

    def names(self) -> List[str]:
        """Sorted; nothing is imported.  Raises Refused where a package adds what is there already."""
        return sorted(self._built_in() + list(self._added()))

    def find(self, name: str) -> ModuleType:
        """The module of this name, the only one imported; raises Refused."""
        added = self._added()
        if name in self._built_in():
            return importlib.import_module(f"{self.package}.{name}")
        if name not in added:
            raise Refused(f"no {self.what} {name!r}{nearest(name, self.names())}; there are: {', '.join(self.names())}")
        return self._loaded(name, added[name])

    def purpose(self, name: str) -> str:
        """The first line of a module's docstring; it is read, not imported."""
        module = self._added().get(name, f"{self.package}.{name}")
        spec = importlib.util.find_spec(module)
        source = _source(spec.loader, module) if spec else ""
        return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]

    def _built_in(self) -> List[str]:
        names = [module.name for module in pkgutil.iter_modules(_folders(self.package)) if not module.ispkg]
        return [name for name in names if not name.startswith("_") and self._is_marked(name)]

    def _is_marked(self, name: str) -> bool:
        if not self.marker:
            return True
        source = pkgutil.get_data(self.package, name + ".py") or b""
        return bool(re.search(self.marker, source.decode("utf-8"), re.MULTILINE))

    def _added(self) -> Dict[str, str]:
        """Modules by the names that entry points give them."""
        added = {point.name: str(point.value) for point in _entry_points(self.group)} if self.group else {}
        for name in sorted(set(added) & set(self._built_in())):
            raise Refused(
                f"{added[name]} adds a {self.what} {name!r}, which is the name of a built-in one: uninstall the "
                "package that brings it, or have it renamed there"
            )
        return added

    def _loaded(self, name: str, module: str) -> ModuleType:
        try:
            found = importlib.import_module(module)
        except ImportError as error:
            raise Refused(f"the {self.what} {name!r} does not load from {module}: {error}") from error
        version = getattr(found, "API", None)
        if version != self.api:
            raise Refused(
                f"the {self.what} {name!r} ({module}) says API = {version!r}, this harness has version {self.api}: "
                "install a release of it that fits"
            )
        return found


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint at the known word that is meant, or nothing."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _folders(package: str) -> List[str]:
    if package in sys.modules:
        return list(sys.modules[package].__path__)
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or []) if spec else []


def _source(loader: Any, module: str) -> str:
    return loader.get_source(module) or "" if hasattr(loader, "get_source") else ""


def _entry_points(group: str) -> Iterable[Any]:
    if sys.version_info >= (3, 10):
        from importlib.metadata import entry_points
    else:
        from importlib_metadata import entry_points
    return entry_points(group=group)
