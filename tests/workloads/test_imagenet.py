"""Images in folders train like any other data set: decoded by processes of their own, the same for a seed and epoch."""

import importlib.util
import os
import shutil
import sys
from functools import partial

import numpy as np
import pytest
import torch

from workloads import WorkloadError, methods
from workloads.data import imagenet
from workloads.image_folder import scan
from workloads.job import Job
from workloads.stage import execute
from workloads.store import MemoryStore

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
if importlib.util.find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

CPU, SIZE = torch.device("cpu"), 32
CLASSES = ("n01440764", "n01443537", "n01484850")
COLOURS = ((250, 0, 0), (0, 250, 0), (0, 0, 250))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four training images and two test images of each of three classes, each class of a colour, sizes differing."""
    root = tmp_path_factory.mktemp("data") / "imagenet"
    for part, count in (("train", 4), ("val", 2)):
        for name, colour in zip(CLASSES, COLOURS):
            (root / part / name).mkdir(parents=True)
            for number in range(count):
                size = (40 + 10 * number, 60 - 5 * number)
                Image.new("RGB", size, colour).save(str(root / part / name / f"{name}_{number}.JPEG"))
    return root


def _load(folder, **options):
    return imagenet.load(data_dir=str(folder), size=SIZE, **dict({"workers": 0}, **options))


def _epoch(batches, seed=1, epoch=0, batch_size=5):
    read = [(images.clone(), labels) for images, labels in batches.train(seed, epoch, batch_size)]
    return torch.cat([images for images, _ in read]), torch.cat([labels for _, labels in read])


def test_a_limit_takes_images_of_every_class(folder):
    names = scan(str(folder / "train")).names
    assert [os.fsdecode(bytes(name)) for name in names[:4]] == [
        os.path.join(name, f"{name}_{number}.JPEG")
        for number, name in [*((0, name) for name in CLASSES), (1, CLASSES[0])]
    ]
    assert _load(folder, limit=6).train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(WorkloadError, match="limit 13 is more than the 12 training images of imagenet"):
        _load(folder, limit=13)


def test_the_folder_may_be_named_itself_or_the_one_above(folder):
    assert _load(folder.parent).train.folder == _load(folder).train.folder == str(folder / "train")


def test_every_image_comes_once_with_its_own_label_normalised(folder):
    batches = _load(folder).batches(CPU, augment=True)
    images, labels = _epoch(batches)
    assert images.shape == (12, 3, SIZE, SIZE) and images.dtype == torch.float32
    assert batches.count == 12 and batches.classes == 3 and batches.input_shape == (3, SIZE, SIZE)
    assert sorted(labels.tolist()) == [0] * 4 + [1] * 4 + [2] * 4 != labels.tolist()
    brightest = images.mean((2, 3)) * torch.tensor(imagenet.STD) + torch.tensor(imagenet.MEAN)
    assert torch.equal(brightest.argmax(1), labels)
    assert brightest.max().item() == pytest.approx(250 / 255, abs=0.02)
    assert images[:5].is_contiguous(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Images in which every place differs."""
    root, random = tmp_path_factory.mktemp("noise"), np.random.RandomState(0)
    for part in ("train", "val"):
        (root / part / "only").mkdir(parents=True)
        for number in range(4):
            pixels = random.randint(0, 256, (6, 7, 3)).astype(np.uint8)
            whole = Image.fromarray(pixels).resize((70, 60))
            whole.save(str(root / part / "only" / f"{number}.png"))
    return root


def test_seed_and_epoch_alone_decide_what_comes(noise):
    batches = _load(noise).batches(CPU, augment=True)
    first = _epoch(batches)[0]
    assert torch.equal(first, _epoch(batches, batch_size=3)[0])
    assert not torch.equal(first, _epoch(batches, epoch=1)[0]) and not torch.equal(first, _epoch(batches, seed=2)[0])


def test_torch_s_own_random_numbers_are_left_alone(noise):
    batches = _load(noise).batches(CPU, augment=True)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    _epoch(batches)
    assert torch.equal(torch.rand(3), expected)


def test_test_images_are_the_middle_of_each_resized(noise):
    batches = _load(noise).batches(CPU, augment=True)
    (images, labels), *_ = batches.test(batch_size=2)
    with Image.open(str(noise / "val" / "only" / "0.png")) as whole:
        small = whole.resize((42, 36), Image.BILINEAR).crop((5, 2, 37, 34))
    expected = torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1).float() / 255
    seen = images[0] * torch.tensor(imagenet.STD)[:, None, None] + torch.tensor(imagenet.MEAN)[:, None, None]
    assert (seen - expected).abs().max() < 2 / 255 and labels.tolist() == [0, 0]


def test_without_augmentation_training_images_are_cut_like_test_images(noise):
    batches = _load(noise).batches(CPU, augment=False)
    assert torch.equal(_epoch(batches)[0], _epoch(batches)[0])


def test_images_can_be_held_out(folder):
    batches = _load(folder).held_out(0.25).batches(CPU, augment=True)
    assert batches.count == 9
    assert torch.cat([labels for _, labels in batches.validation(2)]).tolist() == [0, 1, 2]
    assert _load(folder).batches(CPU, augment=True).validation() is None


def test_processes_of_their_own_read_the_same_images(noise):
    """Also where torch has threads already, and passes are left early."""
    torch.randn(400, 400).mm(torch.randn(400, 400))
    alone, helped = (_load(noise, workers=workers).batches(CPU, augment=True) for workers in (0, 2))
    next(helped.train(9, 9, 1))
    for epoch in (0, 1):
        ours, theirs = _epoch(helped, epoch=epoch, batch_size=1), _epoch(alone, epoch=epoch, batch_size=1)
        assert torch.equal(ours[0], theirs[0]) and torch.equal(ours[1], theirs[1])
    assert len(list(helped.test(3))) == 2


def test_a_damaged_image_is_named(folder, tmp_path):
    root = tmp_path / "imagenet"
    shutil.copytree(str(folder), str(root))
    path = root / "train" / CLASSES[1] / f"{CLASSES[1]}_2.JPEG"
    path.write_bytes(path.read_bytes()[:100])
    batches = _load(root, workers=1).batches(CPU, augment=True)
    with pytest.raises(WorkloadError, match=f"the image {path} cannot be read .*: put a whole copy in its place"):
        _epoch(batches)


@pytest.mark.parametrize(
    "missing, said",
    [
        ("", "imagenet is not in .*: it needs the folders train/<class>/.*name the folder with --data"),
        ("val", "val cannot be read .No such file or directory.: images lie in .*val/<class>"),
        ("train/n01440764", "has 2 classes in train and 3 in val, and n01440764 is only in one of them"),
        ("val/n01440764/*", "n01440764 has no images .* fill or remove it"),
        ("val/*", "val has no folders in it: put its images into one folder per class"),
    ],
)
def test_a_folder_that_is_not_whole_says_what_is_missing(folder, tmp_path, missing, said):
    root = tmp_path / "imagenet"
    shutil.copytree(str(folder), str(root))
    for path in [root] if not missing else list(root.glob(missing)):
        shutil.rmtree(str(path)) if path.is_dir() else path.unlink()
    with pytest.raises(WorkloadError, match=said):
        imagenet.load(data_dir=str(tmp_path))


def test_without_torchvision_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(WorkloadError, match="through torchvision, which does not import here .*such as cifar10"):
        _load(folder).batches(CPU, augment=True)


@pytest.mark.parametrize("name", methods.names())
def test_every_method_trains_on_images_in_folders(name, folder, monkeypatch):
    monkeypatch.setattr(imagenet, "load", partial(imagenet.load, size=SIZE, workers=0))
    job = Job("resnet18", "imagenet", width=0.05, epochs=1, milestones=(), batch_size=4, lr=0.01)
    stores = {}
    for charge in methods.find(name).recipe(job):
        store = stores[charge.training.without_draws()] = MemoryStore()
        result = execute(charge.training, store=store, sources=stores, data_dir=str(folder))
        assert result["images"] == 12 and 0 <= result["accuracy_final"] <= 1
        assert result["classes"] == 3 and "accuracy_top5_final" not in result
