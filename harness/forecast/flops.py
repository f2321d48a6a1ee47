"""Forward FLOPs of networks that are not trained yet, and training FLOPs of rows; building networks needs torch."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from harness import published
from harness.finder import Finder
from harness.plan import Cell
from workloads import data
from workloads.job import Training

COUNTED, PUBLISHED, UNIFORM, LARGEST = "counted", "network published", "network a uniform estimate", "largest ratio"


class Flops(NamedTuple):
    """FLOPs, and what they rest on; None where torch is absent, or where the data set does not say what it holds.

    counted: by our counter on the very network.  network published: of the paper's pruned network, decoded.
    network a uniform estimate: of one that keeps the same share of every layer, because the ticket is not drawn yet.
    """

    value: Optional[float]
    rests_on: str


class Networks:
    """Counts forward FLOPs of one image, of each network once."""

    def __init__(self, finder: Finder):
        self._finder = finder
        self._counted: Dict[Tuple, Optional[int]] = {}

    def forward(self, cell: Cell, training: Training) -> Flops:
        """Of the network that a training of a cell trains."""
        if training.choice is not None:
            return self.forward(cell, training.choice.trials[-1])._replace(rests_on=LARGEST)
        source = training.source
        if source is None or source.draw.by == "magnitude":
            return Flops(self._count(training, None), COUNTED)
        held = None if source.draw.by else self._finder.find(source.training, source.draw)
        if held is not None:
            return Flops(self._count(training, held.widths), COUNTED)
        name = published.row_name(cell.method, cell.options)
        printed = published.find(cell.model, cell.dataset, name, cell.ratio) if training.width == 1 else None
        if printed is not None and printed.pruned_forward_flops:
            return Flops(printed.pruned_forward_flops, PUBLISHED)
        return Flops(self._count(training, None, 1 - source.draw.ratio), UNIFORM)

    def _count(self, training: Training, widths: Optional[Any], kept: float = 1.0) -> Optional[int]:
        key = training.model, training.dataset, training.width, tuple(widths or ()), kept, training.align
        if key not in self._counted:
            self._counted[key] = _counted(training, widths, kept)
        return self._counted[key]


def cell_flops(cell: Cell, networks: Networks, finder: Finder) -> Flops:
    """Training FLOPs of a cell by the published accounting: 3 x images x epochs x forward FLOPs."""
    total, rests_on = 0.0, []
    for charge in cell.charges:
        count, each = finder.epochs(cell, charge), networks.forward(cell, charge.training)
        count_images = images(charge.training)
        if each.value is None or count_images is None:
            return each._replace(value=None)
        total += 3 * count_images * count.epochs * each.value
        rests_on += [each.rests_on] + ([f"epochs {count.told_by}"] if count.told_by in ("published", "assumed") else [])
    return Flops(total, _joined(rests_on))


def images(training: Training) -> Optional[int]:
    """Training images of an epoch; None where the data set does not say."""
    task = data.task(training.dataset)
    if training.limit is None and task is None:
        return None
    count = task.images if training.limit is None else training.limit
    return int(round(count * (1 - training.holdout)))


def _counted(training: Training, widths: Optional[Any], kept: float) -> Optional[int]:
    try:
        from workloads.flops import forward_flops
        from workloads.models import build
    except ImportError:
        return None
    task = data.task(training.dataset)
    if task is None:
        return None
    model = build(training.model, task.classes, training.width, widths, training.align)
    if kept < 1:
        uniform = [max(1, int(round(full * kept))) for full in model.full]
        model = build(training.model, task.classes, training.width, uniform, training.align)
    return forward_flops(model, task.input_shape)


def _joined(rests_on: List[str]) -> str:
    """What a sum rests on: everything but counting, or counting alone."""
    doubtful = [text for text in dict.fromkeys(rests_on) if text != COUNTED]
    return ", ".join(doubtful) or COUNTED
