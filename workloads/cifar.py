"""CIFAR's published files: fetched when missing, checked by their published MD5, read without running code.

They are read here rather than through torchvision, which on a Jetson has to be built from source and whose PyPI
build does not import beside a CPU-only torch.  The files are pickles of plain containers and one uint8 array: each
must have its published MD5 before it is opened, and the reader refuses to build anything but arrays.
"""

import hashlib
import os
import pickle
import shutil
import tarfile
import urllib.request
from typing import NamedTuple, Optional, Tuple

import numpy as np

from workloads import WorkloadError
from workloads.data import Images, limited


class Release(NamedTuple):
    """Where a release is published, and the MD5 of its files."""

    name: str
    url: str
    archive_md5: str
    folder: str
    train: Tuple[Tuple[str, str], ...]
    test: Tuple[str, str]
    labels: str
    classes: int
    mean: Tuple[float, float, float]
    std: Tuple[float, float, float]


def load(release: Release, limit: Optional[int], data_dir: Optional[str]) -> Images:
    """The release's images from its folder under `data_dir`, downloaded when the folder is not there."""
    folder = _fetched(release, data_dir)
    batches = [_read(release, folder, name, md5) for name, md5 in release.train]
    images, labels = (np.concatenate(parts) for parts in zip(*batches))
    train_images, train_labels = limited(release.name, images, labels, limit)
    test_images, test_labels = _read(release, folder, *release.test)
    return Images(train_images, train_labels, test_images, test_labels, release.classes, release.mean, release.std)


def fetch(release: Release, data_dir: Optional[str]) -> str:
    """The release's folder under `data_dir`, fetched when it is not there, each file of it checked."""
    folder = _fetched(release, data_dir)
    for name, md5 in release.train + (release.test,):
        _checked(folder, name, md5)
    return folder


def _fetched(release: Release, data_dir: Optional[str]) -> str:
    root = os.path.expanduser(data_dir or os.path.join("~", ".cache", "harness"))
    folder = os.path.join(root, release.folder)
    if not os.path.isdir(folder):
        download(release, root)
    return folder


def download(release: Release, root: str) -> None:
    """Fetch, check and unpack the release's archive into `root`."""
    archive = os.path.join(root, release.url.rsplit("/", 1)[-1])
    try:
        os.makedirs(root, exist_ok=True)
        if not os.path.isfile(archive):
            _fetch(release.url, archive)
    except OSError as error:
        raise WorkloadError(
            f"{release.name} is not in {root} and {release.url} cannot be fetched ({error}): put the "
            f"folder {release.folder} or the archive there, or name another with --data"
        ) from error
    if _md5(archive) != release.archive_md5:
        raise WorkloadError(
            f"{archive} is incomplete or corrupt (its MD5 is not the published one): delete it and run again"
        )
    with tarfile.open(archive) as members:
        for name, _ in release.train + (release.test,):
            _unpack(members, release.folder + "/" + name, root)


def _fetch(url, path):
    with urllib.request.urlopen(url, timeout=60) as reply, open(path + ".part", "wb") as part:
        shutil.copyfileobj(reply, part)
    os.replace(path + ".part", path)


def _unpack(members, name, root):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with members.extractfile(name) as packed, open(path, "wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)


def _checked(folder, name, md5):
    """The path of a file that has its published MD5."""
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise WorkloadError(f"{path} is missing: delete the folder {folder} and run again to fetch it")
    if _md5(path) != md5:
        raise WorkloadError(
            f"{path} is incomplete or corrupt (its MD5 is not the published one): delete the folder "
            f"{folder} and run again to fetch it"
        )
    return path


def _read(release, folder, name, md5):
    """(images uint8 [n, 32, 32, 3], labels int64 [n]) of one file."""
    with open(_checked(folder, name, md5), "rb") as file:
        batch = _ArraysOnly(file, encoding="latin1").load()
    images = batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(batch[release.labels], dtype=np.int64)


def _md5(path):
    digest = hashlib.md5()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


class _ArraysOnly(pickle.Unpickler):
    allowed = {"_reconstruct": np.empty(0).__reduce__()[0], "ndarray": np.ndarray, "dtype": np.dtype}

    def find_class(self, module, name):
        if module.split(".")[0] != "numpy" or name not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a CIFAR file")
        return self.allowed[name]
