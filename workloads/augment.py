"""Images on the training device, augmented there batch by batch: cropped at random, mirrored half the time.

They are kept as uint8, padded by 4 black pixels as published (before normalisation), and once more mirrored, so
that the random crops of a batch, mirrored or not, are one gather of rows: 9.6 kB an image of 32x32, 480 MB for
CIFAR, half of what normalised floats without mirror images would take.  Batches are channels-last without a copy.
"""

from typing import Iterator, Optional, Tuple

import numpy as np
import torch

from workloads.data import Images

PADDING = 4


class Batches:
    """The batches of a data set on a device, the same for the same (seed, epoch) on every machine."""

    def __init__(self, images: Images, device: torch.device, augment: bool = True):
        self.device, self.augment = device, augment
        self.count, self.classes, self.input_shape = len(images.train_images), images.classes, images.input_shape
        self._train = _Canvas(images.train_images, images, device, PADDING if augment else 0)
        self._train_labels = torch.from_numpy(images.train_labels).to(device)
        self._test = _Still(images.test_images, images.test_labels, images, device)
        self._validation = None
        if images.validation_images is not None:
            self._validation = _Still(images.validation_images, images.validation_labels, images, device)

    def train(self, seed: int, epoch: int, batch_size: int) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
        """One epoch's (images float32 [b, c, h, w] normalised, labels int64 [b]) in random order; the last is short."""
        random = np.random.RandomState([seed, epoch])
        order = random.permutation(self.count)
        corners = random.randint(0, 2 * self._train.padding + 1, (2, self.count))
        mirrored = random.randint(0, 2, self.count) if self.augment else np.zeros(self.count, np.int64)
        starts = torch.from_numpy(self._train.starts(order, corners[0], corners[1], mirrored)).to(self.device)
        labels = self._train_labels[torch.from_numpy(order).to(self.device)]
        for first in range(0, self.count, batch_size):
            last = first + batch_size
            yield self._train.windows(starts[first:last]), labels[first:last]

    def test(self, batch_size: int = 512) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
        """The test images in order, as they are."""
        return self._test.batches(batch_size)

    def validation(self, batch_size: int = 512) -> Optional[Iterator[Tuple[torch.Tensor, torch.Tensor]]]:
        """The images held out for validation in order, as they are; None where there are none."""
        return None if self._validation is None else self._validation.batches(batch_size)


class _Still:
    """Images that are not augmented, and their labels."""

    def __init__(self, pixels, labels, images, device):
        self._canvas = _Canvas(pixels, images, device, 0)
        self._labels = torch.from_numpy(labels).to(device)

    def batches(self, batch_size):
        count = len(self._labels)
        none = np.zeros(count, np.int64)
        starts = torch.from_numpy(self._canvas.starts(np.arange(count), none, none, none)).to(self._labels.device)
        for first in range(0, count, batch_size):
            last = first + batch_size
            yield self._canvas.windows(starts[first:last]), self._labels[first:last]


class _Canvas:
    """Padded images, and their mirror images where there is padding, from which windows are cut by rows."""

    def __init__(self, pixels, images, device, padding):
        self.padding = padding
        self.channels, self.height, self.width = images.input_shape
        border = (padding, padding)
        padded = torch.from_numpy(np.pad(pixels, ((0, 0), border, border, (0, 0)), "constant"))
        self.shape = padded.shape
        flat = (torch.stack([padded, padded.flip(2)]) if padding else padded).reshape(-1).to(device)
        pixel_count = flat.numel() // self.channels
        row_length = self.width * self.channels
        self._rows = flat.as_strided((pixel_count - self.width + 1, row_length), (self.channels, 1))
        self._steps = torch.arange(self.height, device=device) * self.shape[2]
        mean, std = (torch.tensor(value, device=device).repeat(self.width) for value in (images.mean, images.std))
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def starts(self, index, top, left, mirrored):
        """The first pixel of each window, counted over the whole canvas."""
        count, height, width, _ = self.shape
        return ((mirrored * count + index) * height + top) * width + left

    def windows(self, starts):
        rows = self._rows.index_select(0, (starts[:, None] + self._steps).view(-1))
        normal = rows.float().mul_(self._scale).add_(self._shift)
        return normal.view(len(starts), self.height, self.width, self.channels).permute(0, 3, 1, 2)
