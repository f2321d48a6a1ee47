"""Batches of images that are decoded and cut by processes of their own while the device trains on the ones before.

They are started afresh rather than forked: a fork of a process in which torch has threads can hang or crash.  Once
started they serve every pass, and what comes depends on (seed, epoch) alone, however many they are.
"""

import os
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from workloads import WorkloadError, vision
from workloads.image_folder import Files, Folder

Batch = Tuple[Tensor, Tensor]


class Request(NamedTuple):
    """Which images of which part to read; with `seeds`, one per image, they are cropped and mirrored at random."""

    part: str
    which: np.ndarray
    seeds: Optional[np.ndarray]


class Streamed:
    """The batches of a folder of images: what `workloads.augment.Batches` is for images in memory."""

    def __init__(self, folder: Folder, device: torch.device, augment: bool = True) -> None:
        vision.transforms()
        self.device, self.augment = device, augment
        self.count, self.classes = len(folder.train.labels), folder.classes
        self.input_shape = (3, folder.size, folder.size)
        self._parts = {"train": folder.train, "test": folder.test}
        if folder.held is not None:
            self._parts["validation"] = folder.held
        mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (folder.mean, folder.std))
        self._scale, self._shift = 1 / (255 * std), -mean / std
        workers = len(os.sched_getaffinity(0)) if folder.workers is None else folder.workers
        self._queue = _Queue()
        self._loader = _loader(Reader(self._parts, folder.size), self._queue, workers, device)
        for _ in self._pass([Request("test", np.arange(1), None)] * workers):
            pass  # started, with all that they import, before anything is measured as training

    def train(self, seed: int, epoch: int, batch_size: int) -> Iterator[Batch]:
        """One epoch's (images float32 [b, c, h, w] normalised, labels int64 [b]) in random order; the last is short."""
        random = np.random.RandomState([seed, epoch])
        order = random.permutation(self.count)
        seeds = random.randint(0, 2**31 - 1, self.count) if self.augment else None
        return self._pass(_requests("train", order, seeds, batch_size))

    def test(self, batch_size: int = 64) -> Iterator[Batch]:
        """The test images in order, from the middle of each."""
        return self._pass(self._in_order("test", batch_size))

    def validation(self, batch_size: int = 64) -> Optional[Iterator[Batch]]:
        """The images held out for validation in order, from the middle of each; None where there are none."""
        return self._pass(self._in_order("validation", batch_size)) if "validation" in self._parts else None

    def _in_order(self, part: str, batch_size: int) -> List[Request]:
        return _requests(part, np.arange(len(self._parts[part].labels)), None, batch_size)

    def _pass(self, requests: List[Request]) -> Iterator[Batch]:
        """What is asked for, in order.  A pass may be left early; one that another has overtaken must not go on."""
        self._queue.requests = requests
        try:
            for read in self._loader:
                if isinstance(read, str):
                    raise WorkloadError(read)
                images, labels = (values.to(self.device, non_blocking=True) for values in read)
                yield images.permute(0, 3, 1, 2).float().mul_(self._scale).add_(self._shift), labels
                assert self._queue.requests is requests, "one pass over the images at a time"
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise WorkloadError(
                f"a process that decodes images ended ({str(error).splitlines()[0]}): there may be too little memory "
                "for it, or too little shared memory in /dev/shm (in a container: --ipc=host)"
            ) from error


class Reader(Dataset):
    """Answers a request with (pixels uint8 [b, size, size, 3], labels int64 [b]), or with what is wrong with a file."""

    def __init__(self, parts: Dict[str, Files], size: int) -> None:
        self.parts, self.size = parts, size
        self._cuts: Tuple[Any, ...] = ()

    def __getitem__(self, request: Request) -> Union[Batch, str]:
        part = self.parts[request.part]
        pixels = np.empty((len(request.which), self.size, self.size, 3), np.uint8)
        with torch.random.fork_rng(devices=[]):
            for place, index in enumerate(request.which):
                path = os.path.join(part.folder, os.fsdecode(bytes(part.names[index])))
                try:
                    pixels[place] = self._cut(path, None if request.seeds is None else request.seeds[place])
                except (OSError, SyntaxError, ValueError) as error:
                    return f"the image {path} cannot be read ({error}): put a whole copy in its place, or remove it"
        return torch.from_numpy(pixels), torch.from_numpy(part.labels[request.which])

    def _cut(self, path: str, seed: Optional[int]) -> Any:
        from PIL import Image

        with Image.open(path) as image:
            whole = image.convert("RGB")
        at_random, from_the_middle = self._cuts = self._cuts or _cuts(self.size)
        if seed is None:
            return from_the_middle(whole)
        torch.default_generator.manual_seed(int(seed))
        return at_random(whole)


def _cuts(size: int) -> Tuple[Any, ...]:
    """What is done to training and to test images, as published."""
    make = vision.transforms()
    at_random = make.Compose([make.RandomResizedCrop(size), make.RandomHorizontalFlip()])
    return at_random, make.Compose([make.Resize(size * 8 // 7), make.CenterCrop(size)])


class _Queue:
    """The requests of the pass under way, as the sampler that the loader asks anew at each pass."""

    def __init__(self) -> None:
        self.requests: List[Request] = []

    def __iter__(self) -> Iterator[Request]:
        return iter(self.requests)


def _loader(reader: Reader, queue: _Queue, workers: int, device: torch.device) -> DataLoader:
    started = {"multiprocessing_context": "spawn", "persistent_workers": True} if workers else {}
    return DataLoader(
        reader,
        batch_size=None,
        sampler=queue,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # it draws a number at each pass, else from torch's own
        **started,
    )


def _requests(part: str, order: np.ndarray, seeds: Optional[np.ndarray], batch_size: int) -> List[Request]:
    edges = range(0, len(order), batch_size)
    slices = [slice(first, first + batch_size) for first in edges]
    return [Request(part, order[place], None if seeds is None else seeds[place]) for place in slices]
