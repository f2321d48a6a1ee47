"""Images in one folder per class: which there are, in which order, and which are held out.  Nothing is decoded here."""

import os
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np

from workloads import WorkloadError
from workloads.data import for_training

SUFFIXES = (".jpeg", ".jpg", ".png")


class Files(NamedTuple):
    """Images below a folder: names bytes [n] relative to it, labels int64 [n] that index `classes`."""

    folder: str
    classes: Tuple[str, ...]
    names: Any
    labels: Any

    def chosen(self, which: Any) -> "Files":
        return self._replace(names=self.names[which], labels=self.labels[which])


class Folder(NamedTuple):
    """A data set too large for memory, with what `workloads.data.Images` offers; images are `size` pixels square."""

    train: Files
    test: Files
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    size: int
    workers: Optional[int]
    held: Optional[Files] = None

    @property
    def classes(self) -> int:
        return len(self.train.classes)

    def held_out(self, share: float) -> "Folder":
        """The last `share` of each class's training images kept for validation instead."""
        kept = for_training(self.train.labels, share)
        return self._replace(train=self.train.chosen(kept), held=self.train.chosen(~kept))

    def batches(self, device: Any, augment: bool) -> Any:
        """The images on a device, as `workloads.streamed.Streamed`."""
        from workloads.streamed import Streamed

        return Streamed(self, device, augment)


def scan(folder: str) -> Files:
    """The images of every class below `folder`: the first of each class by name, then the second of each, and so on.

    So the first images of all, which a `limit` takes, are of as many classes as there are.
    """
    classes = sorted(entry.name for entry in _entries(folder) if entry.is_dir())
    if not classes:
        raise WorkloadError(
            f"{folder} has no folders in it: put its images into one folder per class, {folder}/<class>"
        )
    names, labels, places = [], [], []
    for label, name in enumerate(classes):
        found = sorted(entry.name for entry in _entries(os.path.join(folder, name)) if _is_image(entry.name))
        if not found:
            raise WorkloadError(
                f"{os.path.join(folder, name)} has no images ({', '.join(SUFFIXES)}): fill or remove it"
            )
        names += [os.fsencode(os.path.join(name, image)) for image in found]
        labels += [label] * len(found)
        places += range(len(found))
    order = np.lexsort((labels, places))
    return Files(folder, tuple(classes), np.array(names)[order], np.array(labels, dtype=np.int64)[order])


def _entries(folder: str) -> Any:
    try:
        return os.scandir(folder)
    except OSError as error:
        raise WorkloadError(f"{folder} cannot be read ({error.strerror}): images lie in {folder}/<class>") from error


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)
