"""Data sets to train on; each module here is one, with a function `load(limit, data_dir)`."""

from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from workloads import WorkloadError, registry


class Images(NamedTuple):
    """A data set in memory: images uint8 [n, height, width, channels], labels int64 [n] below `classes`.

    `mean` and `std` are those of the training images per channel, for pixels scaled to 0..1.
    """

    train_images: Any
    train_labels: Any
    test_images: Any
    test_labels: Any
    classes: int
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    validation_images: Any = None
    validation_labels: Any = None

    def held_out(self, share: float) -> "Images":
        """The last `share` of each class's training images kept for validation instead."""
        kept = for_training(self.train_labels, share)
        return self._replace(
            train_images=self.train_images[kept],
            train_labels=self.train_labels[kept],
            validation_images=self.train_images[~kept],
            validation_labels=self.train_labels[~kept],
        )

    def batches(self, device: Any, augment: bool) -> Any:
        """The images on a device, as `workloads.augment.Batches`."""
        from workloads.augment import Batches

        return Batches(self, device, augment)

    @property
    def input_shape(self) -> Tuple[int, int, int]:
        """(channels, height, width), as networks take it."""
        height, width, channels = self.train_images.shape[1:]
        return channels, height, width


class Task(NamedTuple):
    """What a data set asks of a network, known without its files: images, classes, (channels, height, width)."""

    images: int
    classes: int
    input_shape: Tuple[int, int, int]


def names() -> List[str]:
    """The data sets there are."""
    return registry.names(registry.DATASETS)


def load(name: str, limit: Optional[int] = None, data_dir: Optional[str] = None) -> Any:
    """A data set with its first `limit` training images (None: all).

    Test images are never limited.  `data_dir` is where the files of `cifar10` and `cifar100` are or are downloaded to.
    """
    found = registry.find(registry.DATASETS, name).load(limit=limit, data_dir=data_dir)
    _check_labels(name, found)
    return found


def fetch(name: str, data_dir: Optional[str] = None) -> Optional[str]:
    """The folder of a data set's files under `data_dir`, fetched and checked; None for one that has no files."""
    module = registry.find(registry.DATASETS, name)
    return module.fetch(data_dir) if hasattr(module, "fetch") else None


def task(name: str) -> Optional[Task]:
    """What the data set of this name asks of a network; None where its module does not say (it has no `TASK`)."""
    return getattr(registry.find(registry.DATASETS, name), "TASK", None)


def _check_labels(name: str, images: Any) -> None:
    for labels in (getattr(images, part, ()) for part in ("train_labels", "test_labels")):
        highest = max(labels, default=0)
        if highest >= images.classes:
            raise WorkloadError(
                f"labels up to {highest} do not fit the {images.classes} classes of {name}: they count from 0"
            )


def for_training(labels: Any, holdout: float) -> Any:
    """Bool [n]: all but the last `holdout` of each class's images, of which at least one is held out."""
    kept = np.ones(len(labels), dtype=bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        kept[places[len(places) - max(1, int(round(len(places) * holdout))) :]] = False
    return kept


def limited(name: str, images: Any, labels: Any, limit: Optional[int]) -> Tuple[Any, Any]:
    """The first `limit` images and labels; more than there are raises."""
    if limit is not None and limit > len(images):
        raise WorkloadError(f"limit {limit} is more than the {len(images)} training images of {name}")
    return images[:limit], labels[:limit]
