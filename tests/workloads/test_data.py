"""Data sets are the same on every machine, and files that are missing, damaged or crafted are refused in a sentence."""

import hashlib
import pickle
import struct
import sys
import tarfile

import numpy as np
import pytest
import torch

from workloads import WorkloadError, cifar, data
from workloads.data import cifar10, cifar100, digits


def _md5(*arrays):
    return hashlib.md5(b"".join(array.tobytes() for array in arrays)).hexdigest()


def _whole(name, **options):
    images = data.load(name, **options)
    return images, _md5(images.train_images, images.train_labels, images.test_images, images.test_labels)


@pytest.mark.parametrize(
    "name, limit, md5",
    [
        ("digits", None, "a5d2e586c11758b5864241934ebf42ac"),
        ("synthetic", 200, "5aecbeec7ada681b67bd22f1f60edae8"),
    ],
)
def test_every_machine_gets_the_same_images(name, limit, md5):
    assert _whole(name, limit=limit)[1] == md5


def test_digits_are_split_by_class_into_what_the_docstring_says():
    images = data.load("digits")
    assert images.train_images.shape == (1433, 32, 32, 3) and images.test_images.shape == (364, 32, 32, 3)
    assert images.input_shape == (3, 32, 32) and images.classes == 10
    counts = np.bincount(images.test_labels)
    assert counts.min() == 35 and counts.max() == 37
    assert np.bincount(images.train_labels[:100]).tolist() == [10] * 10


def test_digits_are_resized_as_bilinear_interpolation_does():
    grey, _ = digits._bundled()
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(grey[:50, None] * (255 / 16)), size=(32, 32), mode="bilinear", align_corners=False
    )
    assert np.abs(digits._resize(grey[:50]) - expected[:, 0].numpy()).max() <= 0.5


def test_digits_are_normalised_by_their_own_mean_and_deviation():
    pixels = data.load("digits").train_images / 255
    assert pixels.mean() == pytest.approx(digits.MEAN, abs=1e-4) and pixels.std() == pytest.approx(digits.STD, abs=1e-4)


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(WorkloadError, match="pip install scikit-learn, or use the data set 'synthetic'"):
        data.load("digits")


def test_synthetic_images_of_a_class_are_alike_and_of_two_are_not():
    images = data.load("synthetic", limit=100)
    means = np.array([images.train_images[images.train_labels == label].mean(0) for label in range(10)])
    nearest = [np.abs(image - means).mean((1, 2, 3)).argmin() for image in images.test_images]
    assert np.array_equal(nearest, images.test_labels)


def test_an_unknown_data_set_is_named_with_the_others():
    with pytest.raises(WorkloadError, match="no dataset 'cifar11' .did you mean cifar10.*there are: cifar10, "):
        data.load("cifar11")


def test_more_images_than_there_are_cannot_be_asked_for():
    with pytest.raises(WorkloadError, match="limit 2000 is more than the 1433 training images of digits"):
        data.load("digits", limit=2000)


class _Python2Pickler(pickle._Pickler):
    """Writes text and bytes alike as Python 2 wrote its strings, which is what the published files hold."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        raw = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(raw)) + raw)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string


def _batch(path, images, labels):
    flat = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    with path.open("wb") as file:
        _Python2Pickler(file, protocol=2).dump({"batch_label": path.name, "data": flat, "labels": labels})
    return path.name, hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def release(tmp_path):
    """A release of a few images in CIFAR's layout, its archive in a folder that stands for the web."""
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    web = tmp_path / "web" / cifar10.RELEASE.folder
    web.mkdir(parents=True)
    files = [
        _batch(web / "data_batch_1", images[:2], [3, 1]),
        _batch(web / "data_batch_2", images[2:4], [4, 1]),
        _batch(web / "test_batch", images[4:], [5, 9]),
    ]
    archive = tmp_path / "web" / "cifar-10-python.tar.gz"
    with tarfile.open(str(archive), "w:gz") as members:
        members.add(str(web), arcname=web.name)
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    return images, cifar10.RELEASE._replace(
        url=archive.as_uri(), archive_md5=md5, train=tuple(files[:2]), test=files[2]
    )


def test_cifar_is_fetched_once_checked_and_read(release, tmp_path):
    images, release = release
    first = cifar.load(release, None, str(tmp_path / "data"))
    again = cifar.load(release._replace(url="file:///nowhere"), 3, str(tmp_path / "data"))
    assert np.array_equal(first.train_images, images[:4]) and np.array_equal(first.test_images, images[4:])
    assert first.train_labels.tolist() == [3, 1, 4, 1] and first.test_labels.tolist() == [5, 9]
    assert np.array_equal(again.train_images, images[:3])


def test_fetching_alone_fetches_once_and_checks_every_file_each_time(release, tmp_path):
    release = release[1]
    folder = cifar.fetch(release, str(tmp_path / "data"))
    assert folder == str(tmp_path / "data" / release.folder)
    again = release._replace(url="file:///nowhere")
    assert cifar.fetch(again, str(tmp_path / "data")) == folder
    path = tmp_path / "data" / release.folder / "data_batch_2"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WorkloadError, match="data_batch_2 is incomplete or corrupt"):
        cifar.fetch(again, str(tmp_path / "data"))


def test_cifar_that_cannot_be_fetched_says_where_it_may_lie(release, tmp_path):
    with pytest.raises(WorkloadError, match="cifar10 is not in .*data and .* cannot be fetched .* put the folder"):
        cifar.load(release[1]._replace(url=(tmp_path / "gone.tar.gz").as_uri()), None, str(tmp_path / "data"))


def test_cifar_whose_download_was_cut_short_is_refused(release, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cifar-10-python.tar.gz").write_bytes(b"half of it")
    with pytest.raises(WorkloadError, match="cifar-10-python.tar.gz is incomplete or corrupt"):
        cifar.load(release[1], None, str(tmp_path / "data"))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_folder_without_its_files_says_so(name, tmp_path):
    (tmp_path / {"cifar10": cifar10, "cifar100": cifar100}[name].RELEASE.folder).mkdir()
    with pytest.raises(WorkloadError, match="(data_batch_1|train) is missing: delete the folder"):
        data.load(name, data_dir=str(tmp_path))


def test_cifar_file_that_differs_from_the_published_one_is_not_opened(release, tmp_path):
    cifar.load(release[1], None, str(tmp_path))
    path = tmp_path / release[1].folder / "test_batch"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WorkloadError, match="test_batch is incomplete or corrupt .* delete the folder"):
        cifar.load(release[1], None, str(tmp_path))


class _Crafted:
    def __reduce__(self):
        return sys.exit, ("code from a file was run",)


def test_cifar_reader_builds_nothing_but_arrays(release, tmp_path):
    folder = tmp_path / release[1].folder
    folder.mkdir()
    (folder / "crafted").write_bytes(pickle.dumps({"data": _Crafted()}, protocol=2))
    md5 = hashlib.md5((folder / "crafted").read_bytes()).hexdigest()
    with pytest.raises(pickle.UnpicklingError, match="has no place in a CIFAR file"):
        cifar.load(release[1]._replace(train=(("crafted", md5),)), None, str(tmp_path))
