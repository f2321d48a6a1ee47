"""Writing into the folder of a study that strangers may have made: a link there leads nowhere we would write."""

from pathlib import Path

from harness.errors import UserError


def target(path: Path) -> Path:
    """The path of a file that is about to be written, its folder made; UserError where either is a link."""
    for place in (path.parent, path):
        if place.is_symlink():
            raise UserError(f"{place} is a link: remove it, or give another folder; nothing is written through links")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is no ordinary file: remove it, or give another folder")
    return path


def write(path: Path, text: str) -> Path:
    target(path).write_text(text, encoding="utf-8")
    return path
