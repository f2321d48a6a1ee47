"""Real handwritten digits, bundled with scikit-learn: 1797 grey images of 8x8 pixels with values 0..16.

Resized to 32x32 (bilinear, pixel centres aligned, edges held; every weight is a multiple of 1/64, so that the
arithmetic is exact everywhere) and copied to three channels.  Of each class every fifth image, from the first on,
is for testing: 364 test and 1433 training images, in their bundled order, in which the classes alternate.
"""

from typing import Optional

import numpy as np

from workloads import WorkloadError
from workloads.data import Images, Task, limited

MEAN, STD = 0.3054, 0.3239
TASK = Task(1433, 10, (3, 32, 32))


def load(limit: Optional[int] = None, data_dir: Optional[str] = None) -> Images:
    """The digits; needs scikit-learn, and no file or network."""
    grey, labels = _bundled()
    images = np.repeat(_resize(grey)[..., None], 3, axis=3)
    test = _every_fifth_of_each_class(labels)
    train_images, train_labels = limited("digits", images[~test], labels[~test], limit)
    return Images(train_images, train_labels, images[test], labels[test], 10, (MEAN,) * 3, (STD,) * 3)


def _bundled():
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise WorkloadError(
            f"the data set 'digits' is part of scikit-learn, which does not import here ({error}): "
            "run pip install scikit-learn, or use the data set 'synthetic'"
        ) from error
    digits = load_digits()
    return digits.images.astype(np.int64), digits.target.astype(np.int64)


def _resize(grey):
    """uint8 [n, 32, 32] of 0..255 from integers [n, 8, 8] of 0..16."""
    edged = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    eighths = np.array([[3, 5], [1, 7], [7, 1], [5, 3]])
    before = np.array([0, 0, 1, 1])
    steps = np.arange(32) // 4 + np.tile(before, 8)
    lower, upper = np.tile(eighths, (8, 1)).T
    rows = edged[:, steps] * lower[:, None] + edged[:, steps + 1] * upper[:, None]
    whole = rows[:, :, steps] * lower + rows[:, :, steps + 1] * upper
    return ((whole * 255 + 512) // 1024).astype(np.uint8)


def _every_fifth_of_each_class(labels):
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        chosen[np.flatnonzero(labels == label)[::5]] = True
    return chosen
