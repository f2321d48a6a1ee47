"""Our batches of CIFAR against the usual ones: an image at a time through torchvision's transforms in two processes."""

import time
from typing import Any, Callable, Tuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.paired import compare, said
from workloads import WorkloadError, vision
from workloads.augment import Batches
from workloads.data import Images, cifar10

COUNT, BATCH, PAIRS, LEAST_GAIN, CPU = 10000, 64, 8, 30, torch.device("cpu")


def noise(count: int) -> Images:
    """Images and labels that mean nothing, in CIFAR's shape."""
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (count, 32, 32, 3)).astype(np.uint8)
    labels = random.randint(0, 10, count)
    return Images(pixels, labels, pixels[:1], labels[:1], 10, cifar10.RELEASE.mean, cifar10.RELEASE.std)


class Pictures:
    """What torchvision's CIFAR10 is: an image at a time, as PIL's, transformed as published."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        self.pixels, self.labels = pixels, labels
        self._transform: Any = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Tuple[Tensor, int]:
        from PIL import Image

        self._transform = self._transform or published()
        return self._transform(Image.fromarray(self.pixels[index])), int(self.labels[index])


def published() -> Callable[[Any], Tensor]:
    make, release = vision.transforms(), cifar10.RELEASE
    steps = [make.Pad(4), make.RandomCrop(32), make.RandomHorizontalFlip(), make.ToTensor()]
    return make.Compose(steps + [make.Normalize(release.mean, release.std)])


def compared() -> str:
    """Our batches against a loader whose two workers have been started before."""
    name = "augmentation: batched / torchvision in two workers"
    try:
        vision.transforms()
    except WorkloadError as error:
        return said(name, skipped=str(error))
    seen = noise(COUNT)
    loader = torch.utils.data.DataLoader(
        Pictures(seen.train_images, seen.train_labels),
        batch_size=BATCH,
        shuffle=True,
        num_workers=2,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )
    batches = Batches(seen, CPU)

    def ours() -> int:
        return sum(len(labels) for _, labels in batches.train(0, 0, BATCH))

    def theirs() -> int:
        return sum(len(labels) for _, labels in loader)

    assert ours() == theirs() == COUNT
    return compare(ours, theirs, pairs=PAIRS, clock=time.perf_counter).line(name, 1 / LEAST_GAIN)
