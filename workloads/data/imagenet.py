"""ImageNet (ILSVRC 2012) as folders, `train/<class>/*.JPEG` and `val/<class>/*.JPEG`; read while training."""

import os
from typing import Optional

from workloads import WorkloadError
from workloads.data import Task, limited
from workloads.image_folder import Files, Folder, scan

TASK = Task(1281167, 1000, (3, 224, 224))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load(
    limit: Optional[int] = None, data_dir: Optional[str] = None, *, size: int = 224, workers: Optional[int] = None
) -> Folder:
    """The images below `data_dir`, or its sub-folder `imagenet`; with fewer classes it is a subset of ImageNet.

    Cut to `size` pixels as published: training images cropped and scaled at random and mirrored half the time, test
    images from the middle of 8/7 of the size.  `workers` processes decode them (None: one per CPU; 0: none).
    """
    root = _root(data_dir)
    train, test = scan(os.path.join(root, "train")), scan(os.path.join(root, "val"))
    if train.classes != test.classes:
        only = sorted(set(train.classes) ^ set(test.classes))
        raise WorkloadError(
            f"{root} has {len(train.classes)} classes in train and {len(test.classes)} in val, and {only[0]} is only "
            "in one of them: complete the folder, or take the class out of both"
        )
    names, labels = limited("imagenet", train.names, train.labels, limit)
    return Folder(Files(train.folder, train.classes, names, labels), test, MEAN, STD, size, workers)


def fetch(data_dir: Optional[str] = None) -> str:
    """The folder of ImageNet's files; what nobody may fetch without an account has to be there."""
    return _root(data_dir)


def _root(data_dir: Optional[str]) -> str:
    given = os.path.expanduser(data_dir or os.path.join("~", ".cache", "harness"))
    for folder in (os.path.join(given, "imagenet"), given):
        if os.path.isdir(os.path.join(folder, "train")):
            return folder
    raise WorkloadError(
        f"imagenet is not in {given}: it needs the folders train/<class>/*.JPEG and val/<class>/*.JPEG there or in "
        "its sub-folder imagenet; it cannot be downloaded without an account, see image-net.org; name the folder with "
        "--data"
    )
