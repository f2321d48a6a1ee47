"""One channel of one attempt, as the uncertainty of its energy needs to see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from meters.base import Channel
from meters.calibration import Calibration
from meters.integrate import partition
from meters.trace import Trace

STALE = 1
STEP_SIGMAS = 6.0
LOOK_AT = 1 << 20

Spans = Sequence[tuple[int, int]] | np.ndarray  # (start_ns, stop_ns), in order, none overlapping


def clock_within(trace: Trace) -> float:
    return 0.0 if trace.attached is None else trace.attached.within_s


@dataclass(frozen=True)
class Samples:
    """Times in ns of the attempt's clock, powers in W.  `key` names attempt, meter and channel."""

    key: str
    channel: Channel
    t_ns: np.ndarray
    watts: np.ndarray
    fresh: np.ndarray  # False where a sample repeats a stale reading
    period_s: float
    gaps: list[tuple[int, int]] = field(default_factory=list)
    calibration: Calibration | None = None
    parts: int = 1  # channels that were calibrated together
    clock_within_s: float = 0.0  # of a meter that recorded on another host

    @classmethod
    def of(cls, trace: Trace, channel: Channel, key: str) -> "Samples":
        """A channel of a trace; samples in which it was not available are left out."""
        watts = trace.watts(channel.name)
        known = ~np.isnan(watts)
        stale = (trace.flags & STALE).astype(bool)
        calibration = trace.calibration if channel.name in trace.total else None
        if calibration is not None and channel.resolution_W is not None:
            channel = channel._replace(resolution_W=channel.resolution_W / calibration.gain)
        return cls(
            key,
            channel,
            trace.t_ns[known],
            watts[known],
            ~stale[known],
            trace.period_s,
            trace.gaps(None, channel.name),
            calibration,
            len(trace.total),
            clock_within(trace),
        )

    @property
    def accuracy_stated(self) -> bool:
        """Of the channel itself, or of what it was calibrated against."""
        if self.calibration is not None:
            return self.calibration.reference_gain_error is not None
        return self.channel.gain_error is not None

    @property
    def averages(self) -> bool:
        """Whether a sample is the mean since the one before it."""
        return self.channel.shape == "mean_over_period"

    @cached_property
    def fresh_index(self) -> np.ndarray:
        return np.flatnonzero(self.fresh)

    @cached_property
    def fresh_ns(self) -> np.ndarray:
        """Times of the samples that bring something new."""
        return self.t_ns if self.fresh.all() else self.t_ns[self.fresh_index]

    @cached_property
    def fresh_W(self) -> np.ndarray:
        return self.watts[self.fresh].astype(float)

    @cached_property
    def update_s(self) -> float:
        """Mean time between fresh samples, gaps left out; more than the native period where a sensor repeats itself."""
        spacing = np.diff(self.fresh_ns[:LOOK_AT])
        if not len(spacing):
            return self.period_s
        if spacing.max() > 2 * spacing.min():  # otherwise none is twice the median, which takes longer to find
            spacing = spacing[spacing <= 2 * np.median(spacing)]
        return float(np.mean(spacing)) / 1e9

    @property
    def repeats(self) -> bool:
        """Whether the sensor is read more often than it has something new to say."""
        return self.update_s > 1.2 * self.period_s

    @cached_property
    def resolution_W(self) -> float:
        """As stated; otherwise the smallest step seen between fresh samples."""
        if self.channel.resolution_W is not None:
            return self.channel.resolution_W
        steps = np.abs(np.diff(self.fresh_W[:LOOK_AT]))
        steps = steps[steps > 0]
        return float(steps.min()) if len(steps) else 0.0

    @cached_property
    def step_W(self) -> float:
        """Changes larger than this are steps of the load, smaller ones noise."""
        changes = np.abs(np.diff(self.fresh_W[:LOOK_AT]))
        typical = 1.4826 * float(np.median(changes)) if len(changes) else 0.0
        return max(STEP_SIGMAS * typical, 4 * self.resolution_W)

    @cached_property
    def last_ns(self) -> int:
        return int(self.t_ns[-1])

    def energy(self, spans: Spans, shape: str | None = None) -> float:
        """Joules over the spans, gaps bridged by a straight line, the last sample held; `shape` as in `meters`."""
        asked = np.asarray(spans, dtype=np.int64).reshape(-1, 2)
        inside = np.minimum(asked, self.last_ns)
        joules = float(partition(self.t_ns, self.watts, inside.ravel(), shape or self.channel.shape)[::2].sum())
        held_ns = int(np.diff(asked - inside).sum())
        return joules + held_ns / 1e9 * float(self.watts[-1])

    def mean_W(self, spans: Spans) -> float:
        """ValueError where the spans are not covered."""
        return self.energy(spans) / (sum(stop - start for start, stop in spans) / 1e9)

    def short_J(self, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Joules of stretches that hold few samples, whatever lies between them; they may overlap."""
        held = ranges(np.searchsorted(self.t_ns, start, side="right"), np.searchsorted(self.t_ns, stop))
        points = np.unique(np.concatenate([start, stop, self.t_ns[held]]))
        if self.averages:
            watts = self.watts[np.minimum(np.searchsorted(self.t_ns, points[1:]), len(self.t_ns) - 1)]
        else:
            ends = self.at(points)
            watts = (ends[:-1] + ends[1:]) / 2
        until = np.append(0.0, np.cumsum(np.diff(points) / 1e9 * watts))
        return np.asarray(until[np.searchsorted(points, stop)] - until[np.searchsorted(points, start)])

    def at(self, t_ns: np.ndarray) -> np.ndarray:
        """Power at times, on the straight line between samples."""
        after = np.searchsorted(self.t_ns, t_ns)  # np.interp would convert a week of samples for a few edges
        after, before = np.minimum(after, len(self.t_ns) - 1), np.maximum(after - 1, 0)
        left, right = self.t_ns[before], self.t_ns[after]
        share = ((t_ns - left) / np.maximum(right - left, 1)).clip(0, 1)  # outside, the nearest sample
        return np.asarray(self.watts[before] * (1 - share) + self.watts[after] * share)

    def change_W(self, spans: Spans) -> float:
        """How much higher power is at the ends of the spans than at their begins, all added up."""
        power = self.at(np.asarray(spans, dtype=np.int64).reshape(-1, 2))
        return float((power[:, 1] - power[:, 0]).sum())

    def count(self, spans: Spans) -> int:
        return sum(last - first for first, last in self._ranges(spans))

    def peak_W(self, spans: Spans) -> float:
        """The highest sample; of spans that hold none, the highest power on the line between samples."""
        inside = [float(self.watts[first:last].max()) for first, last in self._ranges(spans) if last > first]
        return max(inside + self.at(np.asarray(spans, dtype=np.int64).ravel()).tolist(), default=0.0)

    def _ranges(self, spans: Spans) -> list[list[int]]:
        return np.searchsorted(self.t_ns, np.asarray(spans, dtype=np.int64)).tolist()

    def gaps_in(self, spans: Spans) -> list[tuple[int, int]]:
        """Stretches of the spans without samples, the held end among them."""
        inside = np.asarray(spans, dtype=np.int64).reshape(-1, 2).tolist()
        holes = [*self.gaps, (self.last_ns, max(self.last_ns, inside[-1][1]))] if inside else []
        cut = [(max(a, start), min(b, stop)) for a, b in holes for start, stop in inside]
        return [(start, stop) for start, stop in cut if stop > start]


def ranges(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Every index from each begin up to its end, one range after the other."""
    sizes = np.maximum(end - begin, 0)
    return np.arange(sizes.sum()) + np.repeat(begin - np.cumsum(sizes) + sizes, sizes)
