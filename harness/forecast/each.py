"""What an epoch of a training will take: from its own epochs, the same network, a similar one, or published figures."""

from typing import NamedTuple, Optional, Sequence

from harness import published
from harness.finder import Finder
from harness.forecast.flops import Networks, images
from harness.forecast.observed import Observed
from harness.plan import Cell, stage_name
from workloads.job import EMULATED, Training
from workloads.profile import steady, ticket_draw

LEAST_SPREAD = 0.03  # another run of the same differs by as much, whatever the epochs of one run scatter
SHRINKS = (0.35, 0.7, 1.0)  # powers of the FLOPs ratio that the cost ratio may follow: seen were .66 at .33, and 1
BOARD_W = (7.0, 10.0, 15.0)  # what the published board draws, from which its seconds follow
OWN, PROFILE, SAME, SIMILAR = "its own epochs", "a profile", "the same network", "a similar network"


class Each(NamedTuple):
    """Joules and seconds of an epoch, each as least, likely, most; None where nothing tells."""

    joules: Optional[Sequence[float]]
    seconds: Optional[Sequence[float]]
    rests_on: str


class Epochs:
    """Foretells the epochs of a plan's trainings from what was observed on this board."""

    def __init__(self, observed: Sequence[Observed], networks: Networks, finder: Finder):
        self._observed, self._networks, self._finder = observed, networks, finder

    def each(self, cell: Cell, training: Training, stage: Training) -> Each:
        """An epoch of a training of a cell; `stage` is what runs it."""
        own = [one for one in self._observed if one.stage == stage_name(stage) and not one.profile]
        if own:
            return _seen(own, OWN)
        network = self._network(training)
        same = [one for one in self._observed if network is not None and one.network == network]
        profiles = [one for one in same if one.profile]
        if same:
            return _seen(profiles or same, PROFILE if profiles else SAME)
        return self._similar(cell, training) or self._printed(cell, training)

    def _network(self, training: Training) -> Optional[Training]:
        if training.choice is not None:
            return None
        draw = ticket_draw(training)
        if draw is None or training.source is None:
            return steady(training, 1)
        held = self._finder.find(training.source.training, draw)
        return None if held is None else steady(training, 1, held.digest)

    def _similar(self, cell: Cell, training: Training) -> Optional[Each]:
        """The nearest in FLOPs of the same model in the same arithmetic, scaled by its FLOPs."""
        alike = [one for one in self._observed if one.flops and _alike(one.training, training)]
        forward, count = self._networks.forward(cell, training), images(training)
        if not alike or forward.value is None or count is None:
            return None
        needed = forward.value * count
        nearest = min(alike, key=lambda one: max((one.flops or 1) / needed, needed / (one.flops or 1)))
        return _scaled(_seen([nearest], SIMILAR), needed / (nearest.flops or needed))

    def _printed(self, cell: Cell, training: Training) -> Each:
        """On the board of the paper, for its full data sets and widths alone."""
        dense = published.dense_epoch_J(cell.model, cell.dataset)
        if dense is None or training.width != 1 or training.limit is not None or training.holdout:
            return Each(None, None, "nothing: no stage of this model is finished here, and no epoch was published")
        row = published.find(cell.model, cell.dataset, published.row_name(cell.method, cell.options), cell.ratio)
        source = training.source
        rests_on = published.SOURCE + (", 8 bits as if FP32" if training.precision in EMULATED else "")
        if source is None or source.draw.by == "magnitude":
            return _of_board(dense, rests_on)
        if row is not None and row.pruned_epoch_J:
            return _of_board(row.pruned_epoch_J, rests_on)
        whole, pruned = (self._networks.forward(cell, one).value for one in (source.training, training))
        if whole is None or pruned is None:
            return Each(None, None, "nothing: counting FLOPs needs torch")
        return _scaled(_of_board(dense, rests_on + ", scaled by FLOPs"), pruned / whole)


def _alike(one: Training, other: Training) -> bool:
    names = ("model", "precision", "batch_size")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _seen(found: Sequence[Observed], rests_on: str) -> Each:
    metered = [one.joules for one in found if one.joules is not None]
    return Each(
        _widened(metered) if len(metered) == len(found) else None,
        _widened([one.seconds for one in found]),
        rests_on,
    )


def _widened(ranges: Sequence[Sequence[float]]) -> Sequence[float]:
    """Least and most of several, and of another run like them."""
    mean = sum(likely for _, likely, _ in ranges) / len(ranges)
    low, high = min(low for low, _, _ in ranges), max(high for _, _, high in ranges)
    return min(low, (1 - LEAST_SPREAD) * mean), mean, max(high, (1 + LEAST_SPREAD) * mean)


def _scaled(each: Each, ratio: float) -> Each:
    """For `ratio` times the FLOPs: cost follows them in full, hardly, or in between."""
    powers = sorted(ratio**power for power in SHRINKS)

    def times(values: Optional[Sequence[float]]) -> Optional[Sequence[float]]:
        return None if values is None else tuple(value * power for value, power in zip(values, powers))

    return Each(times(each.joules), times(each.seconds), each.rests_on)


def _of_board(joules: float, rests_on: str) -> Each:
    spread = (0.9 * joules, joules, 1.1 * joules)
    return Each(spread, tuple(joules / watts for watts in reversed(BOARD_W)), rests_on)
