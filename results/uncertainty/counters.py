"""A meter's own energy counter as samples: it integrates between its readings, so that short windows have a figure."""

from typing import NamedTuple

import numpy as np

from meters.base import Channel
from meters.trace import Trace
from results.uncertainty.budget import NORMAL, Budget, Component
from results.uncertainty.samples import LOOK_AT, Samples, Spans, clock_within

UNITS_J = {"energy_J": 1.0, "energy_Wh": 3600.0}
FINEST_J = 1e-6


class Counter(NamedTuple):
    """`samples` are mean powers between readings; gaps are where the counter began again.  It counts in `step_J`."""

    samples: Samples
    step_J: float

    def rounding(self, spans: Spans) -> Budget:
        """Both edges of each span are read to a whole step."""
        sd = self.step_J * (len(spans) / 6) ** 0.5
        return Budget({f"quantisation/{self.samples.key}/{spans[0][0]}": Component(-sd, sd, NORMAL)})


def of(trace: Trace, chosen: list[Channel], key: str) -> list[Counter]:
    """A counter for each of the chosen channels; none where one of them has no counter in the trace."""
    names = [_column(trace, channel, len(chosen) == 1) for channel in chosen]
    found = [
        _counter(trace, channel, f"{key}/{channel.name}/counter", name)
        for channel, name in zip(chosen, names, strict=True)
        if name is not None
    ]
    whole = [counter for counter in found if counter is not None]
    return whole if len(whole) == len(chosen) else []


def _column(trace: Trace, channel: Channel, alone: bool) -> str | None:
    """Where a channel's joules or watt hours stand; those of the whole meter where the channel is its only input."""
    own = [f"{channel.name}_{name}" for name in UNITS_J]
    return next((name for name in own + (list(UNITS_J) if alone else []) if name in trace.columns), None)


def _counter(trace: Trace, channel: Channel, key: str, name: str) -> Counter | None:
    unit_J = next(factor for ending, factor in UNITS_J.items() if name.endswith(ending))
    counted = trace.column(name).astype(np.float64) * unit_J
    known = ~np.isnan(counted)
    t_ns, joules, segment = trace.t_ns[known], counted[known], trace.segment[known]
    step_J = smallest_step_J(joules)
    if step_J is None:
        return None
    steps = np.diff(joules)
    again = (steps < 0) | (np.diff(segment) != 0)
    watts = np.where(again, 0.0, steps / (np.diff(t_ns) / 1e9))
    gaps = list(zip(t_ns[:-1][again].tolist(), t_ns[1:][again].tolist(), strict=True))
    means = channel._replace(shape="mean_over_period", tau_s=None, resolution_W=0.0)
    every = np.ones(len(t_ns), dtype=bool)
    powers = trace.corrected(channel.name, np.concatenate((watts[:1], watts)))
    calibration = trace.calibration if channel.name in trace.total else None
    samples = Samples(
        key, means, t_ns, powers, every, trace.period_s, gaps, calibration, len(trace.total), clock_within(trace)
    )
    return Counter(samples, step_J)


def smallest_step_J(joules: np.ndarray) -> float | None:
    """What all steps of a counter are multiples of; None where it never moved."""
    steps = np.rint(np.diff(joules[:LOOK_AT]) / FINEST_J).astype(np.int64)
    common = int(np.gcd.reduce(np.abs(steps))) if len(steps) else 0
    return common * FINEST_J if common else None
