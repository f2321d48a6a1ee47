"""Made-up images that can be learnt, for tests and trials without a data file: ten patterns under noise."""

from typing import Optional

import numpy as np

from workloads.data import Images, Task

CLASSES, SIZE, COARSE = 10, 32, 4
TRAINING_IMAGES = 5000
TASK = Task(TRAINING_IMAGES, CLASSES, (3, SIZE, SIZE))


def load(limit: Optional[int] = None, data_dir: Optional[str] = None) -> Images:
    """The same images on every machine; `limit` training images (None: 5000), a fifth as many test images."""
    patterns = np.random.RandomState(0).uniform(64, 192, (CLASSES, COARSE, COARSE, 3))
    count = TRAINING_IMAGES if limit is None else limit
    train_labels, test_labels = _labels(count), _labels(max(CLASSES, count // 5))
    return Images(
        _noisy(patterns, train_labels, seed=1),
        train_labels,
        _noisy(patterns, test_labels, seed=2),
        test_labels,
        CLASSES,
        (0.5,) * 3,
        (0.21,) * 3,
    )


def _labels(count):
    return np.arange(count, dtype=np.int64) % CLASSES


def _noisy(patterns, labels, seed):
    smooth = patterns.repeat(SIZE // COARSE, axis=1).repeat(SIZE // COARSE, axis=2)[labels]
    noise = np.random.RandomState(seed).uniform(-64, 64, smooth.shape)
    return (smooth + noise).astype(np.uint8)
