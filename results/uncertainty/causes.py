"""What may be wrong with the energy of some spans on one channel, cause by cause.

Errors are true minus measured.  Those `OF_THE_METER` are one error for all that its channel measured; noise,
quantisation, gaps and the others belong to the attempt.
"""

import numpy as np

from meters.calibration import Calibration
from results.uncertainty.budget import BIAS, BRACKET, NORMAL, Budget, Component
from results.uncertainty.samples import Samples, Spans, ranges

LATENCY_S = 0.05  # the load follows the event that announces it, and falls before the one that ends it, by at most this
LAG_TOLERANCE = 0.08  # of a stated time constant
WHOLE_RANGE = 1 / 0.9  # widens a rectangular error so that its 95 % interval holds the whole range
BLOCK = 16
CLOCK = "clock offset between hosts"
OF_THE_METER = ("gain", "offset", "calibration", "edges", "lag")  # one error for all that it measured
SCATTERED = (
    0.45  # share of changing samples from which a reading scatters by at least half a step: normal, sd = LSB / 2
)
MOST_LEVELS = 16

Inside = tuple[np.ndarray, np.ndarray]  # first and last fresh sample of each span, as `_interiors` finds them


def budget(
    samples: Samples, spans: Spans, joules: float, meter: str, idle_W: float, correct_lag: bool = False
) -> Budget:
    """Every cause for `joules`, the energy of `spans`; `idle_W` is the least that the load can have drawn in a gap."""
    spans = np.asarray(spans, dtype=np.int64).reshape(-1, 2)
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        return Budget({})
    where = f"{meter}/{samples.channel.name}"
    inside = _interiors(samples, spans)
    found = {
        **_accuracy(samples, spans, joules, where),
        f"edges/{where}": edges(samples, spans, inside),
        f"{CLOCK}/{samples.key}": clock_offset(samples, spans),
        f"lag/{where}": Component(0.0, 0.0) if correct_lag else _lag(samples, spans),
        f"lag/{where}/tau": _lag_tolerance(samples, spans),
        f"staleness/{samples.key}": staleness(samples, inside),
        f"noise/{samples.key}": noise(samples, inside),
    }
    found.update({f"quantisation/{samples.key}/{level}": part for level, part in quantisation(samples, spans).items()})
    found.update({f"gaps/{samples.key}/{start}": part for start, part in gaps(samples, spans, idle_W).items()})
    return Budget({key: part for key, part in found.items() if part.low or part.high})


def _accuracy(samples: Samples, spans: np.ndarray, joules: float, where: str) -> dict[str, Component]:
    """Of the meter itself, or of the calibration that takes its place."""
    if samples.calibration is not None:
        return _calibration(samples, abs(joules), _seconds(spans), samples.calibration)
    gain_J = abs(joules) * (samples.channel.gain_error or 0.0)
    return {f"gain/{where}": Component(-gain_J, gain_J), f"offset/{where}": _offset(samples, spans)}


def _calibration(samples: Samples, joules: float, seconds: float, calibration: Calibration) -> dict[str, Component]:
    """What the reference may be wrong by, what no line explains, and how well the line is known."""
    watts = samples.parts * joules / seconds
    sd = calibration.sd_W(watts) * seconds / samples.parts
    halves = {
        "reference gain": joules * (calibration.reference_gain_error or 0.0),
        "reference offset": calibration.reference_offset_error_W * seconds / samples.parts,
        "residual": calibration.residual_W * seconds / samples.parts,
    }
    key = f"calibration/{calibration.sha256}"
    found = {f"{key}/{name}": Component(-half, half) for name, half in halves.items()}
    return found | {f"{key}/line": Component(-sd, sd, NORMAL)}


def _offset(samples: Samples, spans: np.ndarray) -> Component:
    joules = (samples.channel.offset_error_W or 0.0) * _seconds(spans)
    return Component(-joules, joules)


def _lag(samples: Samples, spans: np.ndarray) -> Component:
    """For a filter y of x with time constant tau, the integral of x is that of y plus tau (y(stop) - y(start))."""
    missing = lag_J(samples, spans)
    return Component(missing, missing, BIAS)


def _lag_tolerance(samples: Samples, spans: np.ndarray) -> Component:
    half = LAG_TOLERANCE * abs(lag_J(samples, spans))
    return Component(-half, half)


def lag_J(samples: Samples, spans: Spans) -> float:
    """What the sensor's time constant keeps out of the spans, or carries into them; a gap ends one and begins another.

    What the filter had not shown yet when a gap began is lost in it, and its bracket holds it.
    """
    if samples.channel.shape != "lowpass" or not samples.channel.tau_s:
        return 0.0
    holes = samples.gaps_in(spans)
    return samples.channel.tau_s * (samples.change_W(spans) - samples.change_W(holes))


def staleness(samples: Samples, inside: Inside) -> Component:
    """A reading that is held until the sensor's next one is late by half the time between them, on average."""
    if not samples.repeats or samples.averages:
        return Component(0.0, 0.0)
    late_s = samples.update_s / 2
    first, last = inside
    held = first <= last
    late_J = late_s * samples.change_W(np.stack([samples.fresh_ns[first[held]], samples.fresh_ns[last[held]]], axis=1))
    return Component(late_J, late_J)


def noise(samples: Samples, inside: Inside) -> Component:
    """Random errors of the samples, and steps of the load at an unknown time between two of them."""
    if samples.averages:
        return Component(0.0, 0.0, NORMAL)
    first, last = inside
    step = ranges(first, last)
    seconds = (samples.fresh_ns[step + 1] - samples.fresh_ns[step]) / 1e9
    change = samples.fresh_W[step + 1] - samples.fresh_W[step]
    weight = np.where(np.abs(change) > samples.step_W, 1 / 12, 1 / 2)
    bridged = seconds > 5 * samples.update_s
    sd = float(np.sum((change * seconds) ** 2 * weight * ~bridged)) ** 0.5
    return Component(-sd, sd, NORMAL)


def quantisation(samples: Samples, spans: np.ndarray) -> dict[str, Component]:
    """Rounding: one error for each level that readings stay on; where they scatter it averages down."""
    step = samples.resolution_W
    if step <= 0:
        return {}
    start, stop = spans.T
    first, last = np.searchsorted(samples.fresh_ns, (start, stop))
    begin, end = np.maximum(first - 1, 0), np.maximum(np.maximum(last, first), 1)
    reading, of = ranges(begin, end), np.repeat(np.arange(len(begin)), end - begin)
    times, watts = samples.fresh_ns[reading].clip(start[of], stop[of]), samples.fresh_W[reading]
    final = np.cumsum(end - begin) - 1
    until, change = np.append(times[1:], 0), np.diff(watts, append=0.0)
    until[final], change[final] = stop, 0.0
    seconds = (until - times) / 1e9
    flags = _scatters(reading - begin[of], change, samples.step_W)
    levels, inverse = np.unique(np.rint(watts[~flags] / step).astype(np.int64), return_inverse=True)
    held = dict(zip(levels.tolist(), np.bincount(inverse, seconds[~flags]).tolist(), strict=True))
    return _levels(held, float(np.sum(seconds[flags] ** 2)), step)


def _levels(held: dict[int, float], scattered: float, step: float) -> dict[str, Component]:
    longest = sorted(held.items(), key=lambda item: -item[1])
    found = {str(level): Component(-step / 2 * t, step / 2 * t) for level, t in longest[:MOST_LEVELS]}
    rest = (step**2 / 12 * (scattered + sum(time_s**2 for _, time_s in longest[MOST_LEVELS:]))) ** 0.5
    return found | {"scattered": Component(-rest, rest, NORMAL)}


def _scatters(place: np.ndarray, change: np.ndarray, step_W: float) -> np.ndarray:
    """For each sample whether its block of readings scatters by half a step or more, leaving out steps of the load.

    `place` counts the samples of each span, `change` leads to the next one.
    """
    moving = ((change != 0) & (np.abs(change) <= step_W)).astype(float)
    blocks = np.flatnonzero(place % BLOCK == 0)
    sizes = np.diff(blocks, append=len(place))
    return np.repeat(np.add.reduceat(moving, blocks) / sizes >= SCATTERED, sizes)


def gaps(samples: Samples, spans: np.ndarray, idle_W: float) -> dict[str, Component]:
    """In a gap the load drew something between idle and the highest power seen."""
    peak_W = float(samples.watts.max())
    found = {}
    for start, stop in samples.gaps_in(spans):
        seconds = (stop - start) / 1e9
        bridged = samples.energy([(start, stop)])
        low, high = sorted((min(idle_W, peak_W) * seconds - bridged, peak_W * seconds - bridged))
        found[str(start)] = Component(min(low, 0.0), max(high, 0.0), BRACKET)
    return found


def edges(samples: Samples, spans: np.ndarray, inside: Inside) -> Component:
    """Where a window's edge falls between two samples, the load may have stepped there and not ramped.

    One error for all edges, because the load follows its events in the same way everywhere.
    """
    start, stop = spans.T
    first, last = inside
    edge = np.concatenate([start, stop])
    inner = np.concatenate([np.minimum(samples.fresh_ns[first], stop), np.maximum(samples.fresh_ns[last], start)])
    outer = _outside(samples, start, stop)
    told = (outer != inner) & ~_in_gaps(samples, np.minimum(outer, inner), np.maximum(outer, inner))
    level_in, level_out = _mean_levels(samples, edge) if samples.averages else (samples.at(inner), samples.at(outer))
    seconds = np.abs(inner - edge) / 1e9
    sharp = level_in * seconds - samples.short_J(np.minimum(edge, inner), np.maximum(edge, inner))
    late = sharp - (level_in - level_out) * np.minimum(seconds, LATENCY_S)
    bounds = told * np.stack([np.zeros(len(edge)), sharp, late])
    low, high = float(bounds.min(axis=0).sum()), float(bounds.max(axis=0).sum())
    middle, half = (low + high) / 2, WHOLE_RANGE * (high - low) / 2
    return Component(middle - half, middle + half)


def _in_gaps(samples: Samples, low_ns: np.ndarray, high_ns: np.ndarray) -> np.ndarray:
    """Whether a gap reaches into each stretch: more of them begin before its end than end before its begin."""
    starts, stops = np.asarray(samples.gaps, dtype=np.int64).reshape(-1, 2).T
    return np.searchsorted(starts, high_ns) > np.searchsorted(stops, low_ns, side="right")


def _outside(samples: Samples, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Times of the fresh samples just outside begins and ends, or the edges themselves where there are none."""
    times, edge = samples.fresh_ns, np.concatenate([start, stop])
    index = np.concatenate([np.searchsorted(times, start, side="right") - 1, np.searchsorted(times, stop)])
    return np.where((index >= 0) & (index < len(times)), times[index.clip(0, len(times) - 1)], edge)


def _interiors(samples: Samples, spans: np.ndarray) -> Inside:
    """Of each span the first and the last fresh sample that the load's step at the edge has surely passed.

    Where samples are far apart, one that is closer to the edge than the load's latency does not tell.  (last < first
    where a span holds none.)
    """
    times, wide = samples.fresh_ns, samples.update_s > LATENCY_S
    margin = int((LATENCY_S + samples.period_s * samples.repeats) * 1e9) if wide else 0
    first = np.searchsorted(times, spans[:, 0] + margin)
    last = np.searchsorted(times, spans[:, 1] - margin, side="right") - 1
    top = len(times) - 1
    return np.minimum(first, top), np.maximum(last, 0)


def _mean_levels(samples: Samples, edge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels inside and outside the periods that hold begins, and behind them ends: the means of those around them."""
    index = np.searchsorted(samples.t_ns, edge)
    before = samples.watts[np.maximum(index - 1, 0)].astype(float)
    after = samples.watts[np.minimum(index + 1, len(samples.t_ns) - 1)].astype(float)
    begins = np.arange(len(edge)) < len(edge) // 2
    return np.where(begins, after, before), np.where(begins, before, after)


def clock_offset(samples: Samples, spans: np.ndarray) -> Component:
    """Between two hosts' clocks: all edges of an attempt are late by the same time, at each of them power may step."""
    if not samples.clock_within_s:
        return Component(0.0, 0.0)
    joules = samples.clock_within_s * abs(samples.change_W(spans))
    return Component(-joules, joules)


def _seconds(spans: np.ndarray) -> float:
    return float(np.sum(spans[:, 1] - spans[:, 0])) / 1e9
