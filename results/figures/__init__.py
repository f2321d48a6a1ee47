"""Figures: each module here is one, with `CAPTION`, `data(study) -> DataFrame` and `draw(data, look) -> Figure`.

`data` is all that is drawn, and raises `Lacking` with a sentence where a study has nothing to draw.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd

from harness.options import unknown
from results.figures._lacking import Lacking

__all__ = ["FORMATS", "STYLES", "Drawn", "Lacking", "draw", "drawn", "find", "names"]

FORMATS = ("png", "svg", "pdf")
STYLES = ("screen", "paper")
NO_FIGURE = ("style",)


class Drawn(NamedTuple):
    """A figure in files, with the data behind it; without files, `lacking` says what the study has too little of."""

    name: str
    caption: str
    data: pd.DataFrame
    files: tuple[Path, ...]
    lacking: str = ""


def names() -> list[str]:
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name for name in found if name not in NO_FIGURE and not name.startswith("_"))


def find(name: str) -> ModuleType:
    """The module of a figure; an unknown name raises UserError with the nearest one."""
    if name not in names():
        raise unknown("figure", name, names())
    return importlib.import_module(f"results.figures.{name}")


def draw(study: Any, name: str, style: str = "screen") -> Any:
    """A figure of a study (`results.Study`) as matplotlib has it; `Lacking` where there is nothing to draw."""
    from results.figures.style import LOOKS

    figure = find(name)
    with LOOKS[style].applied():
        return figure.draw(figure.data(study), LOOKS[style])


def drawn(
    study: Any,
    folder: Path,
    wanted: list[str] | None = None,
    formats: tuple[str, ...] = ("png", "svg"),
    style: str = "screen",
) -> list[Drawn]:
    """Draw figures of a study into a folder, `<name>.<format>` each: those named, or all."""
    return [_drawn(study, folder, name, formats, style) for name in wanted or names()]


def _drawn(study: Any, folder: Path, name: str, formats: tuple[str, ...], style: str) -> Drawn:
    from results.figures.style import LOOKS, save

    module, look = find(name), LOOKS[style]
    try:
        data = module.data(study)
    except Lacking as lacking:
        return Drawn(name, module.CAPTION, pd.DataFrame(), (), str(lacking))
    with look.applied():
        figure = module.draw(data, look)
    files = [save(figure, folder / f"{name}.{kind}", look) for kind in formats]
    return Drawn(name, module.CAPTION, data, tuple(files))
