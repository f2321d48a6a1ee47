"""What may be wrong with the energy of some spans on one channel, cause by cause.

Errors are true minus measured.  Gain, offset and lag are one error for all that a meter's channel measured; noise,
quantisation and gaps belong to the attempt.
"""

import numpy as np

from meters.calibration import Calibration
from results.uncertainty.budget import BIAS, NORMAL, Budget, Component
from results.uncertainty.samples import Samples, Spans

LATENCY_S = 0.05  # the load follows the event that announces it, and falls before the one that ends it, by at most this
LAG_TOLERANCE = 0.08  # of a stated time constant
WHOLE_RANGE = 1 / 0.9  # widens a rectangular error so that its 95 % interval holds the whole range
BLOCK = 16
CLOCK = "clock offset between hosts"
SCATTERED = (
    0.45  # share of changing samples from which a reading scatters by at least half a step: normal, sd = LSB / 2
)
MOST_LEVELS = 16


def budget(samples: Samples, spans: Spans, meter: str, idle_W: float, correct_lag: bool = False) -> Budget:
    """Every cause for the energy of `spans`; `idle_W` is the least that the load can have drawn in a gap."""
    spans = [span for span in spans if span[1] > span[0]]
    if not spans:
        return Budget({})
    where = f"{meter}/{samples.channel.name}"
    found = {
        **_accuracy(samples, spans, where),
        f"edges/{where}": edges(samples, spans),
        f"{CLOCK}/{samples.key}": clock_offset(samples, spans),
        f"lag/{where}": Component(0.0, 0.0) if correct_lag else _lag(samples, spans),
        f"lag/{where}/tau": _lag_tolerance(samples, spans),
        f"staleness/{samples.key}": staleness(samples, spans),
        f"noise/{samples.key}": noise(samples, spans),
    }
    found.update({f"quantisation/{samples.key}/{level}": part for level, part in quantisation(samples, spans).items()})
    found.update({f"gaps/{samples.key}/{start}": part for start, part in gaps(samples, spans, idle_W).items()})
    return Budget({key: part for key, part in found.items() if part.low or part.high})


def _accuracy(samples: Samples, spans: Spans, where: str) -> dict[str, Component]:
    """Of the meter itself, or of the calibration that takes its place."""
    if samples.calibration is not None:
        return _calibration(samples, spans, samples.calibration)
    return {f"gain/{where}": _gain(samples, spans), f"offset/{where}": _offset(samples, spans)}


def _calibration(samples: Samples, spans: Spans, calibration: Calibration) -> dict[str, Component]:
    """What the reference may be wrong by, what no line explains, and how well the line is known."""
    joules, seconds = abs(samples.energy(spans)), _seconds(spans)
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


def _gain(samples: Samples, spans: Spans) -> Component:
    joules = abs(samples.energy(spans)) * (samples.channel.gain_error or 0.0)
    return Component(-joules, joules)


def _offset(samples: Samples, spans: Spans) -> Component:
    joules = (samples.channel.offset_error_W or 0.0) * _seconds(spans)
    return Component(-joules, joules)


def _lag(samples: Samples, spans: Spans) -> Component:
    """For a filter y of x with time constant tau, the integral of x is that of y plus tau (y(stop) - y(start))."""
    missing = lag_J(samples, spans)
    return Component(missing, missing, BIAS)


def _lag_tolerance(samples: Samples, spans: Spans) -> Component:
    half = LAG_TOLERANCE * abs(lag_J(samples, spans))
    return Component(-half, half)


def lag_J(samples: Samples, spans: Spans) -> float:
    """What the sensor's time constant keeps out of the spans, or carries into them; a gap ends one and begins another.

    What the filter had not shown yet when a gap began is lost in it, and its bracket holds it.
    """
    if samples.channel.shape != "lowpass" or not samples.channel.tau_s:
        return 0.0
    holes = samples.gaps_in(spans)
    change = sum(samples.at(stop) - samples.at(start) for start, stop in spans)
    change -= sum(samples.at(stop) - samples.at(start) for start, stop in holes)
    return samples.channel.tau_s * change


def staleness(samples: Samples, spans: Spans) -> Component:
    """A reading that is held until the sensor's next one is late by half the time between them, on average."""
    if not samples.repeats or samples.averages:
        return Component(0.0, 0.0)
    late_s = samples.update_s / 2
    ends = [
        (samples.fresh_at(first), samples.fresh_at(last)) for first, last in _interiors(samples, spans) if first <= last
    ]
    change = sum(samples.at(stop) - samples.at(start) for start, stop in ends)
    return Component(late_s * change, late_s * change)


def noise(samples: Samples, spans: Spans) -> Component:
    """Random errors of the samples, and steps of the load at an unknown time between two of them."""
    if samples.averages:
        return Component(0.0, 0.0, NORMAL)
    variance = 0.0
    for first, last in _interiors(samples, spans):
        index = samples.fresh_index[first : last + 1]
        seconds = np.diff(samples.t_ns[index]) / 1e9
        change = np.diff(samples.watts[index].astype(float))
        weight = np.where(np.abs(change) > samples.step_W, 1 / 12, 1 / 2)
        bridged = seconds > 5 * samples.update_s
        variance += float(np.sum((change * seconds) ** 2 * weight * ~bridged))
    sd = variance**0.5
    return Component(-sd, sd, NORMAL)


def quantisation(samples: Samples, spans: Spans) -> dict[str, Component]:
    """Rounding: one error for each level that readings stay on; where they scatter it averages down."""
    step = samples.resolution_W
    if step <= 0:
        return {}
    held: dict[int, float] = {}
    scattered = 0.0
    for start, stop in spans:
        first, last = np.searchsorted(samples.fresh_ns, (start, stop))
        index = samples.fresh_index[max(first - 1, 0) : max(last, first, 1)]
        times = np.clip(np.append(samples.t_ns[index], stop), start, stop)
        seconds = np.diff(times) / 1e9
        watts = samples.watts[index].astype(float)
        flags = _scatters(watts, samples.step_W)
        scattered += float(np.sum(seconds[flags] ** 2))
        levels, inverse = np.unique(np.rint(watts[~flags] / step).astype(np.int64), return_inverse=True)
        for level, time_s in zip(levels.tolist(), np.bincount(inverse, seconds[~flags]).tolist(), strict=True):
            held[level] = held.get(level, 0.0) + time_s
    return _levels(held, scattered, step)


def _levels(held: dict[int, float], scattered: float, step: float) -> dict[str, Component]:
    longest = sorted(held.items(), key=lambda item: -item[1])
    found = {str(level): Component(-step / 2 * t, step / 2 * t) for level, t in longest[:MOST_LEVELS]}
    rest = (step**2 / 12 * (scattered + sum(time_s**2 for _, time_s in longest[MOST_LEVELS:]))) ** 0.5
    return found | {"scattered": Component(-rest, rest, NORMAL)}


def _scatters(watts: np.ndarray, step_W: float) -> np.ndarray:
    """For each sample whether its block of readings scatters by half a step or more, leaving out steps of the load."""
    change = np.abs(np.diff(watts, append=watts[-1]))
    moving = ((change > 0) & (change <= step_W)).astype(float)
    blocks = -(-len(watts) // BLOCK)
    share = np.add.reduceat(moving, np.arange(blocks) * BLOCK) / np.minimum(
        BLOCK, len(watts) - np.arange(blocks) * BLOCK
    )
    return np.repeat(share >= SCATTERED, BLOCK)[: len(watts)]


def gaps(samples: Samples, spans: Spans, idle_W: float) -> dict[str, Component]:
    """In a gap the load drew something between idle and the highest power seen."""
    peak_W = float(samples.watts.max())
    found = {}
    for start, stop in samples.gaps_in(spans):
        seconds = (stop - start) / 1e9
        bridged = samples.energy([(start, stop)])
        low, high = sorted((min(idle_W, peak_W) * seconds - bridged, peak_W * seconds - bridged))
        found[str(start)] = Component(min(low, 0.0), max(high, 0.0))
    return found


def edges(samples: Samples, spans: Spans) -> Component:
    """Where a window's edge falls between two samples, the load may have stepped there and not ramped.

    One error for all edges, because the load follows its events in the same way everywhere.
    """
    bounds = []
    for (start, stop), (first, last) in zip(spans, _interiors(samples, spans), strict=True):
        bounds.append(_edge(samples, start, min(samples.fresh_at(first), stop), 1))
        bounds.append(_edge(samples, stop, max(samples.fresh_at(last), start), -1))
    low, high = sum(low for low, _ in bounds), sum(high for _, high in bounds)
    middle, half = (low + high) / 2, WHOLE_RANGE * (high - low) / 2
    return Component(middle - half, middle + half)


def _edge(samples: Samples, edge: int, inner: int, side: int) -> tuple[float, float]:
    """Bounds of the error from an edge to the first sample well inside; `side` 1: the window begins there, -1: ends."""
    outer = _outside(samples, edge, side)
    low_ns, high_ns = sorted((outer, inner))
    if outer == inner or any(start < high_ns and stop > low_ns for start, stop in samples.gaps):
        return 0.0, 0.0
    if samples.averages:
        level_in, level_out = _mean_levels(samples, edge, side)
    else:
        level_in, level_out = samples.at(inner), samples.at(outer)
    seconds = abs(inner - edge) / 1e9
    between = (edge, inner) if side == 1 else (inner, edge)
    sharp = level_in * seconds - samples.energy([between])
    late = sharp - (level_in - level_out) * min(seconds, LATENCY_S)
    return min(0.0, sharp, late), max(0.0, sharp, late)


def _outside(samples: Samples, edge: int, side: int) -> int:
    """Time of the fresh sample just outside an edge, or the edge itself where there is none."""
    times = samples.fresh_ns
    index = int(np.searchsorted(times, edge, side="right")) - 1 if side == 1 else int(np.searchsorted(times, edge))
    return int(times[index]) if 0 <= index < len(times) else edge


def _interiors(samples: Samples, spans: Spans) -> list[tuple[int, int]]:
    """For each span its first and last fresh sample that the load's step at the edge has surely passed.

    Where samples are far apart, one that is closer to the edge than the load's latency does not tell.  (last < first
    where a span holds none.)
    """
    times, wide = samples.fresh_ns, samples.update_s > LATENCY_S
    margin = int((LATENCY_S + samples.period_s * samples.repeats) * 1e9) if wide else 0
    first = np.searchsorted(times, [start + margin for start, _ in spans])
    last = np.searchsorted(times, [stop - margin for _, stop in spans], side="right") - 1
    top = len(times) - 1
    return list(zip(np.minimum(first, top).tolist(), np.maximum(last, 0).tolist(), strict=True))


def _mean_levels(samples: Samples, edge: int, side: int) -> tuple[float, float]:
    """Levels on both sides of the period that holds an edge: the means of the periods after and before it."""
    index = int(np.searchsorted(samples.t_ns, edge, side="left"))
    before, after = max(index - 1, 0), min(index + 1, len(samples.t_ns) - 1)
    levels = float(samples.watts[after]), float(samples.watts[before])
    return levels if side == 1 else levels[::-1]


def clock_offset(samples: Samples, spans: Spans) -> Component:
    """Between two hosts' clocks: all edges of an attempt are late by the same time, at each of them power may step."""
    change = sum(samples.at(stop) - samples.at(start) for start, stop in spans)
    joules = samples.clock_within_s * abs(change)
    return Component(-joules, joules)


def _seconds(spans: Spans) -> float:
    return sum(stop - start for start, stop in spans) / 1e9
