"""The channels from which the next layer can be put together best: the ticket of ThiNet.

A row of samples is one output of the next layer, split by input channel; the channels kept are those whose sum,
rescaled by least squares, comes closest to the whole.  The same share is kept of every layer that can be cut without
touching a residual stream.
"""

from copy import deepcopy
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from workloads import WorkloadError, surgery
from workloads.augment import Batches
from workloads.job import Draw, Training
from workloads.layers import Select, Spread
from workloads.network import TicketNetwork
from workloads.pruning import state_arrays
from workloads.ticket_file import Ticket

IMAGES, IMAGES_PER_CLASS, PLACES_PER_IMAGE = 1000, 10, 10


class Layer(NamedTuple):
    """A BatchNorm layer, by number, whose channels enter one next layer and nothing else."""

    norm: int
    next: str


def ticket(draw: Draw, model: TicketNetwork, training: Training, batches: Batches) -> Ticket:
    """Channels chosen from the first layer on, each layer seeing what was cut before it; weights rescaled."""
    select = _selection(draw.variant)
    model = deepcopy(model).eval()
    mask = [np.ones(norm.num_features, dtype=bool) for norm in model.batchnorms()]
    for layer in cuttable(model):
        gram = _gram(model, layer, _images(training, batches), training.seed)
        count = max(1, int(len(gram) * (1 - draw.ratio)))
        kept = select(gram, count)
        mask[layer.norm][:] = False
        mask[layer.norm][kept] = True
        _cut(model, layer, kept, scale(gram, kept))
    return Ticket(mask, surgery.plan(model, mask).widths, weights=state_arrays(model))


def cuttable(model: TicketNetwork) -> Iterator[Layer]:
    """Layers between two convolutions, or a convolution and the classifier, in module order."""
    modules = dict(model.named_modules())
    wires = [(wire, modules[wire.module]) for wire in model.wiring()]
    for group in [(index,) for index in range(len(model.batchnorms()))]:
        nexts = [wire.module for wire, module in wires if wire.inputs == group]
        makers = [module for wire, module in wires if wire.outputs == group]
        joins_a_stream = any(isinstance(module, (Select, Spread)) for module in makers)
        if len(nexts) == 1 and not joins_a_stream and any(isinstance(module, nn.Conv2d) for module in makers):
            yield Layer(group[0], nexts[0])


def discard(gram: np.ndarray, count: int) -> List[int]:
    """Channels left after discarding, again and again, the one that adds least to the sum of what is discarded.

    gram: X'X [C, C] of the samples X [rows, C]; ties go to the first channel.
    """
    left, gone = list(range(len(gram))), np.zeros(len(gram))
    while len(left) > count:
        # |gone + x|^2 = |gone|^2 + 2 gone'x + x'x, of which the first term is the same for all x
        costs = 2 * gone[left] + gram[left, left]
        channel = left.pop(int(np.argmin(costs)))
        gone = gone + gram[channel]
    return left


def add(gram: np.ndarray, count: int) -> List[int]:
    """Channels taken one by one, each the one that explains most of what is left of the sum after least squares."""
    kept: List[int] = []
    residual = gram.sum(1)  # X'r for r, the sum of all channels minus what the kept ones explain
    sizes = np.maximum(gram.diagonal(), np.finfo(float).tiny)
    for _ in range(count):
        gains = residual**2 / sizes
        gains[kept] = -1
        kept.append(int(np.argmax(gains)))
        residual = gram.sum(1) - gram[:, kept] @ scale(gram, kept)
    return sorted(kept)


def scale(gram: np.ndarray, kept: List[int]) -> np.ndarray:
    """Factors for the kept channels whose weighted sum comes closest to the sum of all channels."""
    return np.linalg.lstsq(gram[np.ix_(kept, kept)], gram[kept].sum(1), rcond=None)[0]


def _selection(variant: str) -> Callable[[np.ndarray, int], List[int]]:
    selections: Dict[str, Callable[[np.ndarray, int], List[int]]] = {"discard": discard, "add": add}
    if variant not in selections:
        raise WorkloadError(f"no selection {variant!r}; there are: {', '.join(selections)}")
    return selections[variant]


def _images(training: Training, batches: Batches) -> Iterator[Tensor]:
    """Batches of training images, the same each time: ten per class, or a thousand where that is more."""
    left = max(IMAGES, IMAGES_PER_CLASS * batches.classes)
    for images, _ in batches.train(training.seed, training.epochs, 64):
        yield images[:left]
        left -= len(images)
        if left <= 0:
            return


@torch.no_grad()
def _gram(model: TicketNetwork, layer: Layer, images: Iterable[Tensor], seed: int) -> np.ndarray:
    """X'X of random outputs of the layer's next module, split by input channel: float64 [C, C]."""
    random = np.random.RandomState([seed, layer.norm])
    module = model.get_submodule(layer.next)
    grams: List[Tensor] = []

    def look(_: nn.Module, inputs: Tuple[Tensor, ...]) -> None:
        rows = _rows(module, inputs[0], random).double()
        grams.append(rows.t() @ rows)

    hook = module.register_forward_pre_hook(look)
    for batch in images:
        model(batch)
    hook.remove()
    return torch.stack(grams).sum(0).cpu().numpy()


def _rows(module: nn.Module, entering: Tensor, random: np.random.RandomState) -> Tensor:
    """[images * places, C]: what each input channel adds to outputs of random filters at random places."""
    image = torch.arange(len(entering), device=entering.device).repeat_interleave(PLACES_PER_IMAGE)

    def chosen(count: int) -> Tensor:
        return torch.from_numpy(random.randint(0, count, len(image))).to(entering.device)

    weight = module.weight[chosen(len(module.weight))]
    if isinstance(module, nn.Linear):
        return entering[image] * weight
    padded = functional.pad(entering, [module.padding[1]] * 2 + [module.padding[0]] * 2)
    windows = padded.unfold(2, module.kernel_size[0], module.stride[0])
    windows = windows.unfold(3, module.kernel_size[1], module.stride[1])
    patches = windows[image, :, chosen(windows.shape[2]), chosen(windows.shape[3])]
    return (patches * weight).sum((2, 3))


@torch.no_grad()
def _cut(model: TicketNetwork, layer: Layer, kept: List[int], factors: np.ndarray) -> None:
    """Silence the other channels, and let the next layer make up for them."""
    norm, module = model.batchnorms()[layer.norm], model.get_submodule(layer.next)
    gone = torch.ones(norm.num_features, dtype=torch.bool)
    gone[kept] = False
    norm.weight[gone] = 0
    norm.bias[gone] = 0
    shape = [1, -1] + [1] * (module.weight.dim() - 2)
    module.weight[:, kept] *= torch.from_numpy(factors).to(module.weight).view(shape)
