"""Batches are the published augmentation of the right images, the same for the same seed and epoch everywhere."""

import hashlib

import numpy as np
import pytest
import torch

from workloads.augment import Batches
from workloads.data import Images

CPU = torch.device("cpu")
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)


def _images(count, size=8):
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (count, size, size, 3)).astype(np.uint8)
    return Images(pixels, np.arange(count), pixels[::-1][:3].copy(), np.arange(3), count, MEAN, STD)


def _normalised(pixels):
    """As published: scaled to 0..1, then mean and deviation per channel; [h, w, c] -> [c, h, w]."""
    values = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float().div(255)
    return (values - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def _variants(pixels):
    """Every image that padding by 4 black pixels, a crop and a mirror can make of one."""
    size = len(pixels)
    padded = np.pad(pixels, ((4, 4), (4, 4), (0, 0)), "constant")
    for top in range(9):
        for left in range(9):
            crop = padded[top : top + size, left : left + size]
            yield _normalised(crop)
            yield _normalised(crop[:, ::-1])


def test_every_image_comes_once_an_epoch_as_a_crop_of_itself_or_of_its_mirror_image():
    images = _images(12)
    seen = []
    for batch, labels in Batches(images, CPU).train(seed=1, epoch=2, batch_size=5):
        for image, label in zip(batch, labels.tolist()):
            distances = [float((image - variant).abs().max()) for variant in _variants(images.train_images[label])]
            assert min(distances) < 1e-5
            seen.append(label)
    assert sorted(seen) == list(range(12)) != seen


def test_crops_and_mirrors_are_drawn_evenly():
    size = 32
    images = _images(1, size)
    marked = np.zeros((2000, size, size, 3), np.uint8)
    marked[:, 15, 10] = 255
    images = images._replace(train_images=marked, train_labels=np.zeros(2000, np.int64))
    ((batch, _),) = Batches(images, CPU).train(0, 0, 2000)
    rows, columns = np.nonzero(batch[:, 0].numpy() > 0)[1:]
    assert np.bincount(rows - 11).min() > 0.7 * 2000 / 9 and rows.max() == 19
    assert set(columns) == set(range(6, 15)) | set(range(17, 26))
    assert abs((columns < 16).mean() - 0.5) < 0.05


def test_without_augmentation_images_stay_as_they_are():
    images = _images(7)
    for batch, labels in Batches(images, CPU, augment=False).train(0, 0, 4):
        for image, label in zip(batch, labels.tolist()):
            assert torch.allclose(image, _normalised(images.train_images[label]), atol=1e-5)


def test_test_images_come_in_order_and_unchanged():
    images = _images(5)
    batches = list(Batches(images, CPU).test(batch_size=2))
    assert torch.cat([labels for _, labels in batches]).tolist() == [0, 1, 2]
    for image, pixels in zip(torch.cat([batch for batch, _ in batches]), images.test_images):
        assert torch.allclose(image, _normalised(pixels), atol=1e-5)


def _stream(seed, epoch, batch_size=4):
    return [(images.clone(), labels) for images, labels in Batches(_images(10), CPU).train(seed, epoch, batch_size)]


def test_seed_and_epoch_alone_decide_what_comes():
    everything = [torch.cat([images for images, _ in _stream(*which)]) for which in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert torch.equal(everything[0], everything[1])
    assert not torch.equal(everything[0], everything[2]) and not torch.equal(everything[0], everything[3])


def test_the_stream_is_the_same_on_every_python_numpy_and_torch():
    digest = hashlib.md5(b"".join(labels.numpy().tobytes() for _, labels in _stream(3, 7)))
    assert digest.hexdigest() == "bea1e391130505e9b15eaf90c13d7007"


@pytest.mark.parametrize("batch_size, sizes", [(4, [4, 4, 2]), (5, [5, 5]), (20, [10])])
def test_the_last_batch_is_short_so_that_every_image_counts(batch_size, sizes):
    assert [len(labels) for _, labels in _stream(0, 0, batch_size)] == sizes


def test_batches_are_channels_last_already():
    ((images, _),) = Batches(_images(4), CPU).train(0, 0, 4)
    assert images.is_contiguous(memory_format=torch.channels_last)
