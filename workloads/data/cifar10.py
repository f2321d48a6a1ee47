"""CIFAR-10: 50,000 training and 10,000 test images of 32x32 pixels in ten classes (Krizhevsky, 2009)."""

from typing import Optional

from workloads import cifar
from workloads.data import Images, Task

TASK = Task(50000, 10, (3, 32, 32))
RELEASE = cifar.Release(
    name="cifar10",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    archive_md5="c58f30108f718f92721af3b95e74349a",
    folder="cifar-10-batches-py",
    train=(
        ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
        ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
        ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
        ("data_batch_4", "634d18415352ddfa80567beed471001a"),
        ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
    ),
    test=("test_batch", "40351d587109b95175f43aff81a1287e"),
    labels="labels",
    classes=10,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
)


def load(limit: Optional[int] = None, data_dir: Optional[str] = None) -> Images:
    """CIFAR-10 from `data_dir`/cifar-10-batches-py; normalised as published with EB Train."""
    return cifar.load(RELEASE, limit, data_dir)


def fetch(data_dir: Optional[str] = None) -> str:
    """The folder of its files, fetched when it is missing and checked."""
    return cifar.fetch(RELEASE, data_dir)
