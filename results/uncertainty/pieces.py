"""What one attempt contributes to an energy: joules of some stretches of it, and everything known of their quality."""

from typing import NamedTuple

import numpy as np

from harness.ledger.energies import HELD_PERIODS
from meters.errors import MeterError
from results.uncertainty import causes
from results.uncertainty.budget import BRACKET, Budget, Component, total
from results.uncertainty.idle import After
from results.uncertainty.recordings import Recording
from results.uncertainty.samples import Samples, Spans

COARSEST = 0.5  # of the energy: a wider interval tells nothing


class Piece(NamedTuple):
    """`idle_J` is what idle power would have taken in the same time, None where the attempt shows none."""

    joules: float
    right_J: float
    lag_J: float
    budget: Budget
    idle_J: float | None
    idle_budget: Budget
    after_J: float | None
    seconds: float
    gap_s: float
    longest_gap_s: float
    samples: int
    peak_W: float
    accuracy_stated: bool
    period_s: float


def piece(recording: Recording, spans: Spans, correct_lag: bool, after: After | None = None) -> Piece:
    """The stretches `spans` (in order, none overlapping) from the samples; MeterError where their ends were missed."""
    channels, meter = recording.channels, recording.meter
    _check_cover(channels, spans, recording)
    idle_W = recording.idle_W or [0.0 for _ in channels]
    energies = [samples.energy(spans) for samples in channels]
    budgets = [
        causes.budget(samples, spans, joules, meter, watts, correct_lag)
        for samples, joules, watts in zip(channels, energies, idle_W, strict=True)
    ]
    return _piece(recording, channels, spans, sum(energies), total(budgets), correct_lag, after)


def counted(recording: Recording, spans: Spans) -> Piece | None:
    """The same from the meter's own counter; None where it has none, it began again, or its steps are too coarse."""
    channels = [counter.samples for counter in recording.counters]
    if not channels:
        return None
    _check_cover(channels, spans, recording)
    energies = [samples.energy(spans) for samples in channels]
    budgets = [
        causes.budget(counter.samples, spans, joules, recording.meter, 0.0) + counter.rounding(spans)
        for counter, joules in zip(recording.counters, energies, strict=True)
    ]
    found = _piece(recording, channels, spans, sum(energies), total(budgets), False, None)
    telling = total(budgets).half_width() <= COARSEST * found.joules
    return found if telling and not found.gap_s else None


def _piece(
    recording: Recording,
    channels: list[Samples],
    spans: Spans,
    joules: float,
    budget: Budget,
    correct_lag: bool,
    after: After | None,
) -> Piece:
    seconds = sum(stop - start for start, stop in spans) / 1e9
    lags = [causes.lag_J(samples, spans) for samples in channels]
    holes = joined([hole for samples in channels for hole in samples.gaps_in(spans)])
    idle_W = recording.idle_W
    return Piece(
        joules=joules + correct_lag * sum(lags),
        right_J=sum(samples.energy(spans, "mean_over_period") for samples in channels),
        lag_J=sum(lags),
        budget=budget,
        idle_J=None if idle_W is None else sum(idle_W) * seconds,
        idle_budget=_idle_budget(recording, seconds, after),
        after_J=None if after is None else after.watts * seconds,
        seconds=seconds,
        gap_s=sum(stop - start for start, stop in holes) / 1e9,
        longest_gap_s=max(((stop - start) / 1e9 for start, stop in holes), default=0.0),
        samples=channels[0].count(spans),
        peak_W=peak_W(channels, spans),
        accuracy_stated=all(samples.accuracy_stated for samples in channels),
        period_s=channels[0].period_s,
    )


def _idle_budget(recording: Recording, seconds: float, after: After | None) -> Budget:
    """Errors of the idle power before the work, and its drift: during the work it was anything from before to after."""
    if recording.idle_W is None:
        return Budget({})
    share = seconds / recording.idle_s
    found = recording.idle_budget.times(share)
    if after is None:
        return found
    drift_J = (after.watts - sum(recording.idle_W)) * seconds
    component = Component(min(0.0, drift_J), max(0.0, drift_J), BRACKET)
    return found + Budget({f"drift/{recording.where}": component})


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and one where the end of one is the beginning of the next, or later."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def peak_W(channels: list[Samples], spans: Spans) -> float:
    """The highest power; of several channels the highest sum."""
    if len(channels) == 1:
        return channels[0].peak_W(spans)
    times = channels[0].t_ns
    summed = sum(np.interp(times, samples.t_ns, samples.watts) for samples in channels)
    both = Samples("", channels[0].channel, times, np.asarray(summed), channels[0].fresh, channels[0].period_s)
    return both.peak_W(spans)


def _check_cover(channels: list[Samples], spans: Spans, recording: Recording) -> None:
    first, last = spans[0][0], spans[-1][1]
    for samples in channels:
        limit = samples.last_ns + int(HELD_PERIODS * samples.period_s * 1e9)
        late_s, early_s = (samples.t_ns[0] - first) / 1e9, (last - samples.last_ns) / 1e9
        what = f"meter {recording.meter} did not record all of attempt {recording.attempt}"
        if late_s > 0:
            raise MeterError(f"{what}: its first sample came {late_s:.3g} s after the work began")
        if last > limit:
            raise MeterError(
                f"{what}: its last sample came {early_s:.3g} s before the work ended; was it unplugged or silent?"
            )
