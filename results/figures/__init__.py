"""Figures: each module here is one, with `CAPTION` and `draw(study) -> Figure` (None: there is nothing to draw)."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.options import unknown

FORMATS = ("png", "svg", "pdf")


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "style")


def find(name: str) -> ModuleType:
    """The module of a figure; an unknown name raises UserError with the nearest one."""
    if name not in names():
        raise unknown("figure", name, names())
    return importlib.import_module(f"results.figures.{name}")


def write(
    study: Any, folder: Path, wanted: list[str] | None = None, formats: tuple[str, ...] = ("png", "svg")
) -> list[Path]:
    """Draw figures of a study (`results.Study`) into a folder, `<name>.<format>` each; returns the paths."""
    from results.figures.style import save

    written = []
    for name in wanted or names():
        figure = find(name).draw(study)
        if figure is not None:
            written += [save(figure, folder / f"{name}.{kind}") for kind in formats]
    return written
