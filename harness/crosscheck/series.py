"""Power over time as one meter has seen it, and what another meter would have seen of it."""

from typing import Any, Callable, NamedTuple, Optional

import numpy as np

GAP_PERIODS = 5


class Series(NamedTuple):
    """float64 seconds and watts; `shape` and `tau_s` as of a channel, `resolution_W` 0 where it is not known."""

    t_s: np.ndarray
    watts: np.ndarray
    period_s: float
    shape: str = "instant"
    tau_s: float = 0.0
    resolution_W: float = 0.0


def of_trace(trace: Any, channel: Optional[str], origin_ns: int) -> Series:
    """Samples of a channel (None: of the whole input) with a power; seconds count from `origin_ns`."""
    power = trace.power_W(channel).astype(np.float64)
    known = ~np.isnan(power)
    names = trace.total if channel is None else (channel,)
    chosen = [one for one in trace.channels if one.name in names]
    alike = {(one.shape, one.tau_s) for one in chosen}
    shape, tau_s = alike.pop() if len(alike) == 1 else ("instant", None)
    resolution_W = max(one.resolution_W or 0.0 for one in chosen)
    t_s = (trace.t_ns[known] - origin_ns) / 1e9
    return Series(t_s, power[known], trace.period_s, shape, tau_s or 0.0, resolution_W)


def energy_J(series: Series) -> np.ndarray:
    """Joules from the first sample to each one; a known filter is taken back."""
    watts, steps = series.watts, np.diff(series.t_s)
    each = watts[1:] if series.shape == "mean_over_period" else (watts[1:] + watts[:-1]) / 2
    joules = np.concatenate(([0.0], np.cumsum(each * steps)))
    return joules + series.tau_s * (watts - watts[0]) if series.shape == "lowpass" else joules


def mean_W(series: Series, start_s: float, stop_s: float) -> float:
    """Mean power of a window; NaN where the samples do not reach."""
    low, high = np.interp([start_s, stop_s], series.t_s, energy_J(series), left=np.nan, right=np.nan)
    return float((high - low) / (stop_s - start_s))


def slower(one: Series, other: Series) -> bool:
    """Whether `one` tells less of how power moves, so that it is what can be predicted from the other."""
    if abs(one.period_s - other.period_s) > 0.05 * other.period_s:
        return one.period_s > other.period_s
    return one.shape != "instant" and other.shape == "instant"


class Points(NamedTuple):
    """Readings to be predicted; for means, `begin_s` is where the time of each begins."""

    t_s: np.ndarray
    begin_s: np.ndarray
    watts: np.ndarray

    def pick(self, index: np.ndarray) -> "Points":
        return Points(self.t_s[index], self.begin_s[index], self.watts[index])


Predict = Callable[[Points, float], np.ndarray]  # (readings, lag in s) -> watts, NaN where nothing can be said


def points(target: Series) -> Points:
    """Its samples; without those means of which a gap before them hides when they begin."""
    if target.shape != "mean_over_period":
        return Points(target.t_s, target.t_s, target.watts)
    whole = Points(target.t_s[1:], target.t_s[:-1], target.watts[1:])
    return whole.pick(np.flatnonzero(whole.t_s - whole.begin_s <= 1.5 * target.period_s))


def predictor(source: Series, target: Series) -> Predict:
    """What `target` should read at some points if it trailed `source` by a lag and did not err."""
    seen = _seen(source, target)
    holes = np.flatnonzero(np.diff(source.t_s) > GAP_PERIODS * source.period_s)

    def predict(some: Points, lag_s: float) -> np.ndarray:
        watts = seen(some, lag_s)
        for hole in holes:
            low, high = source.t_s[hole] + lag_s, source.t_s[hole + 1] + lag_s
            watts[(some.t_s > low) & (some.begin_s < high)] = np.nan
        return watts

    return predict


def _seen(source: Series, target: Series) -> Predict:
    times, joules = source.t_s, energy_J(source)
    if target.shape == "mean_over_period":
        return lambda some, lag_s: _mean(some.begin_s - lag_s, some.t_s - lag_s, times, joules)
    if target.shape == "lowpass" and target.tau_s:
        state = filtered(times, joules, float(source.watts[0]), target.tau_s)
        return lambda some, lag_s: _at(some.t_s - lag_s, times, state)
    if source.shape == "lowpass":
        half = target.period_s / 2
        return lambda some, lag_s: _mean(some.t_s - lag_s - half, some.t_s - lag_s + half, times, joules)
    held = source.shape == "mean_over_period"
    middles, watts = ((times[1:] + times[:-1]) / 2, source.watts[1:]) if held else (times, source.watts)
    return lambda some, lag_s: _at(some.t_s - lag_s, middles, watts)


def filtered(t_s: np.ndarray, joules: np.ndarray, first_W: float, tau_s: float) -> np.ndarray:
    """A first-order filter's output at each time, the mean power between two times going in."""
    steps = np.diff(t_s)
    mean, kept = np.diff(joules) / steps, np.exp(-steps / tau_s)
    state = [first_W]
    for power, share in zip(mean.tolist(), kept.tolist()):
        state.append(power + (state[-1] - power) * share)
    return np.array(state)


def _at(t_s: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.interp(t_s, times, values, left=np.nan, right=np.nan)


def _mean(begin_s: np.ndarray, end_s: np.ndarray, times: np.ndarray, joules: np.ndarray) -> np.ndarray:
    return (_at(end_s, times, joules) - _at(begin_s, times, joules)) / (end_s - begin_s)
