"""Meters that are wrong in known ways, watching loads whose energy is known exactly.

A load steps between idle and a few levels; a sensor filters it, errs by a gain and an offset drawn from its declared
accuracy, rounds, repeats stale readings, samples with jitter and drops stretches.  `simulate` gives the samples, the
window and the true energy in it.
"""

from typing import NamedTuple

import numpy as np

from meters.base import Channel
from results.uncertainty.samples import Samples

SECOND = 10**9


class Sensor(NamedTuple):
    """What is declared (accuracy, resolution, time constant) and what is not (noise, staleness, jitter, drops)."""

    rate_Hz: float = 100.0
    gain_error: float = 0.0
    offset_W: float = 0.0
    resolution_W: float = 0.001
    tau_s: float = 0.0
    noise_W: float = 0.0
    update_s: float = 0.0
    jitter: float = 0.1
    dropped_share: float = 0.0
    shape: str = "instant"


class Load(NamedTuple):
    """Piecewise constant power: `levels_W[i]` from `edges_s[i]` to `edges_s[i + 1]`."""

    edges_s: np.ndarray
    levels_W: np.ndarray

    def energy(self, start_s: float, stop_s: float) -> float:
        low = np.clip(self.edges_s[:-1], start_s, stop_s)
        high = np.clip(self.edges_s[1:], start_s, stop_s)
        return float(np.sum((high - low) * self.levels_W))

    def at(self, t_s: np.ndarray) -> np.ndarray:
        index = np.clip(np.searchsorted(self.edges_s, t_s, side="right") - 1, 0, len(self.levels_W) - 1)
        return self.levels_W[index]

    def filtered(self, t_s: np.ndarray, tau_s: float) -> np.ndarray:
        """The response of a first-order filter, exact for piecewise constant power."""
        if tau_s == 0:
            return self.at(t_s)
        state = [float(self.levels_W[0])]
        for level, seconds in zip(self.levels_W, np.diff(self.edges_s), strict=True):
            state.append(level + (state[-1] - level) * float(np.exp(-seconds / tau_s)))
        index = np.clip(np.searchsorted(self.edges_s, t_s, side="right") - 1, 0, len(self.levels_W) - 1)
        levels = self.levels_W[index]
        return levels + (np.array(state)[index] - levels) * np.exp(-(t_s - self.edges_s[index]) / tau_s)

    def mean(self, edges_s: np.ndarray) -> np.ndarray:
        """Mean power between successive times."""
        joules = np.concatenate(([0.0], np.cumsum(np.diff(self.edges_s) * self.levels_W)))
        at = np.interp(edges_s, self.edges_s, joules)
        return np.diff(at) / np.diff(edges_s)


class Run(NamedTuple):
    samples: Samples
    window: tuple[int, int]
    idle_W: float
    true_J: float


def simulate(
    rng: np.random.Generator, sensor: Sensor, window_s: float, idle_W: float, load_W: float, switch_s: float
) -> Run:
    """Idle, a window of work whose load switches about every `switch_s` seconds, idle again."""
    around_s = max(3.0, 8 / sensor.rate_Hz, 6 * sensor.tau_s)
    start, stop = around_s, around_s + window_s
    begins, ends = start + rng.uniform(0, 0.03), stop - rng.uniform(0, 0.03)
    holes = _holes(rng, sensor, start, stop)
    load = _load(rng, begins, ends, stop + around_s, idle_W, load_W, switch_s, holes)
    period = 1 / sensor.rate_Hz
    t = np.arange(0.0, stop + around_s, period) + rng.uniform(0, period)
    t = t + period * sensor.jitter * rng.uniform(-0.5, 0.5, len(t))
    fresh = np.ones(len(t), dtype=bool)
    if sensor.shape == "mean_over_period":
        watts = np.concatenate(([idle_W], load.mean(t)))
    else:
        read = t
        if sensor.update_s:
            phase = rng.uniform(0, sensor.update_s)
            read = np.floor((t - phase) / sensor.update_s) * sensor.update_s + phase
            fresh = np.concatenate(([True], np.diff(read) > 0))
        watts = load.filtered(np.maximum(read, 0.0), sensor.tau_s)
        noise = rng.normal(0, sensor.noise_W, len(t))
        watts = watts + noise[np.maximum.accumulate(np.where(fresh, np.arange(len(t)), 0))]
    gain, offset = rng.uniform(-1, 1) * sensor.gain_error, rng.uniform(-1, 1) * sensor.offset_W
    watts = watts * (1 + gain) + offset
    watts = np.rint(watts / sensor.resolution_W) * sensor.resolution_W
    kept = ~np.any([(t > low) & (t < high) for low, high in holes], axis=0) if holes else np.ones(len(t), dtype=bool)
    channel = Channel("out", "dc_input", sensor.shape if not sensor.tau_s else "lowpass", sensor.tau_s or None,
                      sensor.gain_error, sensor.offset_W, "simulated", sensor.resolution_W)  # fmt: skip
    t_ns = np.rint(t[kept] * SECOND).astype(np.int64)
    wide = np.flatnonzero(np.diff(t_ns) > 5 * period * SECOND)
    gaps = list(zip(t_ns[wide].tolist(), t_ns[wide + 1].tolist(), strict=True))
    samples = Samples("run", channel, t_ns, watts[kept].astype(np.float32), fresh[kept], period, gaps)
    window = (round(start * SECOND), round(stop * SECOND))
    return Run(samples, window, idle_W, load.energy(start, stop))


def _holes(rng: np.random.Generator, sensor: Sensor, start: float, stop: float) -> list[tuple[float, float]]:
    """One to three stretches without samples, inside the window and apart from each other."""
    if not sensor.dropped_share:
        return []
    count = int(rng.integers(1, 4))
    slots = np.linspace(start, stop, count + 1)
    length = (stop - start) * sensor.dropped_share / count
    begins = [
        rng.uniform(low + 0.2 * (high - low), high - length - 0.2 * (high - low))
        for low, high in zip(slots, slots[1:], strict=False)
    ]
    return [(begin, begin + length) for begin in begins]


def _load(rng, begins, ends, last, idle_W, load_W, switch_s, holes) -> Load:  # type: ignore[no-untyped-def]
    """Idle outside, two levels of work inside; what happens in a hole is anything between idle and work."""
    times, levels = [0.0, begins], [idle_W]
    now, high = begins, True
    while now < ends:
        now = min(ends, now + rng.uniform(0.5, 1.5) * switch_s)
        levels.append(load_W if high else 0.5 * (load_W + idle_W))
        times.append(now)
        high = not high
    edges, watts = np.array([*times, last]), np.array([*levels, idle_W])
    for low, high_ in holes:
        edges, watts = _replace(edges, watts, low, high_, rng.uniform(idle_W, load_W))
    return Load(edges, watts)


def _replace(
    edges: np.ndarray, watts: np.ndarray, low: float, high: float, level: float
) -> tuple[np.ndarray, np.ndarray]:
    after = watts[np.searchsorted(edges, high, side="right") - 1]
    keep = (edges < low) | (edges > high)
    kept = [(edge, watts[min(i, len(watts) - 1)]) for i, edge in enumerate(edges) if keep[i]]
    merged = sorted([*kept, (low, level), (high, after)])
    return np.array([edge for edge, _ in merged]), np.array([value for _, value in merged[:-1]])
