"""CIFAR-100: 50,000 training and 10,000 test images of 32x32 pixels, a hundred classes (Krizhevsky, 2009)."""

from typing import Optional

from workloads import cifar
from workloads.data import Images, Task

TASK = Task(50000, 100, (3, 32, 32))
RELEASE = cifar.Release(
    name="cifar100",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    archive_md5="eb9058c3a382ffc7106e4002c42a8d85",
    folder="cifar-100-python",
    train=(("train", "16019d7e3df5f24257cddd939b257f8d"),),
    test=("test", "f0ef6b0ae62326f3e7ffdfab6717acfc"),
    labels="fine_labels",
    classes=100,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
)


def load(limit: Optional[int] = None, data_dir: Optional[str] = None) -> Images:
    """CIFAR-100 from `data_dir`/cifar-100-python; normalised as EB Train does, with CIFAR-10's constants."""
    return cifar.load(RELEASE, limit, data_dir)


def fetch(data_dir: Optional[str] = None) -> str:
    """The folder of its files, fetched when it is missing and checked."""
    return cifar.fetch(RELEASE, data_dir)
