"""Writing into the folder of a study that strangers may have made: a link there leads nowhere we would write."""

from pathlib import Path

from harness.errors import UserError


def target(path: Path) -> Path:
    """The path of a file that is about to be written, its folder made; UserError where either is a link."""
    for place in (path.parent, path):
        if place.is_symlink():
            raise UserError(f"{place} is a link: remove it, or give another folder; nothing is written through links")
    make(path.parent)
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is no ordinary file: remove it, or give another folder")
    return path


def make(folder: Path) -> None:
    """A folder that is about to be written into; UserError where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, FileNotFoundError) as error:  # a file or device of that name, or a place like /proc
        raise UserError(f"{folder} can't be made ({error.strerror}): give another folder", code=2) from error


def write(path: Path, text: str) -> Path:
    target(path).write_text(text, encoding="utf-8")
    return path
