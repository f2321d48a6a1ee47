"""Two meters that watch one load and err in known ways, as arrays: no clock, no file."""

import numpy as np

from harness.crosscheck.series import Series


class Load:
    """Piecewise constant power: `watts[i]` from `edges_s[i]` to `edges_s[i + 1]`."""

    def __init__(self, edges_s, watts):
        self.edges_s, self.watts = np.asarray(edges_s, float), np.asarray(watts, float)
        self._joules = np.concatenate(([0.0], np.cumsum(np.diff(self.edges_s) * self.watts)))

    def at(self, t_s):
        index = np.searchsorted(self.edges_s, t_s, side="right") - 1
        return self.watts[np.clip(index, 0, len(self.watts) - 1)]

    def joules(self, t_s):
        return np.interp(t_s, self.edges_s, self._joules)

    def filtered(self, t_s, tau_s):
        state = [self.watts[0]]
        for level, seconds in zip(self.watts, np.diff(self.edges_s)):
            state.append(level + (state[-1] - level) * np.exp(-seconds / tau_s))
        index = np.clip(np.searchsorted(self.edges_s, t_s, side="right") - 1, 0, len(self.watts) - 1)
        level = self.watts[index]
        return level + (np.array(state)[index] - level) * np.exp(-(t_s - self.edges_s[index]) / tau_s)


def staircase(rng, seconds, step_s):
    """Levels between idle and full, each held for about `step_s`."""
    edges = [-30.0]
    while edges[-1] < seconds + 30:
        edges.append(max(edges[-1], 0.0) + rng.uniform(0.6, 1.4) * step_s)
    return Load(edges, rng.choice([4.0, 9.0, 15.0], len(edges) - 1) + rng.uniform(0, 1, len(edges) - 1))


def seen(rng, load, seconds, rate_Hz, shape="instant", tau_s=0.0, gain=1.0, offset_W=0.0, lag_s=0.0,
         resolution_W=1e-3, noise_W=0.0):  # fmt: skip
    """What a meter reads of a load that it sees `lag_s` late, rounded to its resolution."""
    t_s = np.arange(rng.uniform(0, 1 / rate_Hz), seconds, 1 / rate_Hz)
    late = t_s - lag_s
    if shape == "mean_over_period":
        watts = np.diff(load.joules(np.concatenate(([late[0] - 1 / rate_Hz], late)))) * rate_Hz
    elif shape == "lowpass":
        watts = load.filtered(late, tau_s)
    else:
        watts = load.at(late)
    read = gain * watts + offset_W + rng.normal(0, noise_W, len(t_s))
    return Series(t_s, np.rint(read / resolution_W) * resolution_W, 1 / rate_Hz, shape, tau_s, resolution_W)
