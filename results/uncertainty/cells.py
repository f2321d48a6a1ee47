"""The energy of table rows with its uncertainty: every stretch that a row is charged, attempt by attempt."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from harness.ledger import Row, StageRun, StudyRuns
from harness.ledger.charges import HEADLINE, absent, charged, phase_of
from harness.ledger.energies import HELD_PERIODS
from harness.ledger.windows import own_spans
from meters.errors import MeterError
from results.uncertainty import causes
from results.uncertainty.budget import Budget, Interval, total
from results.uncertainty.samples import Samples, Spans

LEAST_COVERAGE = 0.95
LEAST_PERIODS = 30
KEPT_OPEN = 6

Part = tuple[StageRun, int, list[tuple[int, int]]]  # a run, its attempt, stretches of it in ns


class Energy(NamedTuple):
    """The energy of a row on one meter.  `interval` is None where there is no figure, and `reason` says why.

    `left_J` and `right_J` are what rectangles in place of trapezia give; `excludes` names what the interval leaves out.
    """

    joules: float | None
    budget: Budget
    net_joules: float | None
    net_budget: Budget
    coverage: float
    longest_gap_s: float
    samples: int
    peak_W: float
    left_J: float
    right_J: float
    lag_J: float
    excludes: str
    reason: str

    @property
    def interval(self) -> Interval | None:
        return None if self.joules is None else self.budget.interval(self.joules)

    @property
    def net_interval(self) -> Interval | None:
        return None if self.net_joules is None else self.net_budget.interval(self.net_joules)


class Piece(NamedTuple):
    """What one attempt contributes to a row."""

    joules: float
    right_J: float
    lag_J: float
    budget: Budget
    idle_J: float
    idle_budget: Budget
    seconds: float
    gap_s: float
    longest_gap_s: float
    samples: int
    peak_W: float
    accuracy_stated: bool
    period_s: float


class Recordings:
    """The samples of a study's attempts, the last few kept open, because rows share stages."""

    def __init__(self) -> None:
        self._open: dict[tuple, list[Samples]] = {}

    def of(self, run: StageRun, attempt: int, meter: str) -> list[Samples]:
        """The channels that make the meter's whole input; MeterError where there is no such trace."""
        key = (run.name, run.repetition, attempt, meter)
        if key not in self._open:
            if len(self._open) >= KEPT_OPEN:
                del self._open[next(iter(self._open))]
            self._open[key] = self._read(run, attempt, meter)
        return self._open[key]

    @staticmethod
    def _read(run: StageRun, attempt: int, meter: str) -> list[Samples]:
        trace = run.open_trace(meter, attempt)
        if not trace.total:
            raise MeterError(f"no channel of meter {meter} is the whole input")
        where = f"{run.name}/{run.repetition}/{attempt}/{meter}"
        chosen = [channel for channel in trace.channels if channel.name in trace.total]
        return [Samples.of(trace, channel, f"{where}/{channel.name}") for channel in chosen]


Key = tuple[str, int, str]  # cell, repetition, meter


def every(study: StudyRuns, allow_gaps: bool = False, correct_lag: bool = False) -> dict[Key, Energy]:
    """The headline energy of every row that was begun, on every meter."""
    recordings = Recordings()
    rows = [row for meter in study.meters for row in study.rows(meter)]
    return {key(row): energy(study, row, recordings, HEADLINE, allow_gaps, correct_lag) for row in rows}


def key(row: Row) -> Key:
    return row.cell["id"], row.repetition, row.energy.meter


def energy(
    study: StudyRuns,
    row: Row,
    recordings: Recordings,
    phases: Iterable[str] = HEADLINE,
    allow_gaps: bool = False,
    correct_lag: bool = False,
) -> Energy:
    """The energy of a row's `phases` (the headline by default) on the row's meter.

    Gaps are bridged and bracketed; where they leave less than 95 % covered there is no figure unless `allow_gaps`.
    """
    meter = row.energy.meter
    stages = [(item, study.run(item["stage"], row.repetition)) for item in row.cell["charges"]]
    found = [(item, run) for item, run in stages if run is not None]
    missing = [sentence for sentence in absent(found) if sentence]
    try:
        parts = [part for item, run in found for part in _parts(item, run, meter, set(phases))]
        pieces = [_piece(*part, meter, recordings, correct_lag) for part in parts]
    except (MeterError, ValueError) as error:
        return _whole([], "; ".join([*missing, str(error)]))
    coverage = 1 - sum(piece.gap_s for piece in pieces) / max(sum(piece.seconds for piece in pieces), 1e-9)
    seconds, period_s = sum(piece.seconds for piece in pieces), max((piece.period_s for piece in pieces), default=0.0)
    if pieces and seconds < LEAST_PERIODS * period_s:
        missing.append(f"it took {seconds:.3g} s, less than {LEAST_PERIODS} native periods of meter {meter}")
    if coverage < LEAST_COVERAGE and not allow_gaps:
        missing.append(f"meter {meter} covers {100 * coverage:.1f} %, less than {100 * LEAST_COVERAGE:.0f} %")
    return _whole(pieces, "; ".join(missing))


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and one where the end of one is the beginning of the next, or later."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def _whole(pieces: list[Piece], reason: str) -> Energy:
    joules = sum(piece.joules for piece in pieces)
    right = sum(piece.right_J for piece in pieces)
    budget = total(piece.budget for piece in pieces)
    seconds = sum(piece.seconds for piece in pieces)
    known = bool(pieces) and not reason
    return Energy(
        joules=joules if known else None,
        budget=budget,
        net_joules=joules - sum(piece.idle_J for piece in pieces) if known else None,
        net_budget=total([budget, *(piece.idle_budget.times(-1.0) for piece in pieces)]),
        coverage=1 - sum(piece.gap_s for piece in pieces) / seconds if seconds else 0.0,
        longest_gap_s=max((piece.longest_gap_s for piece in pieces), default=0.0),
        samples=sum(piece.samples for piece in pieces),
        peak_W=max((piece.peak_W for piece in pieces), default=0.0),
        left_J=2 * joules - right,
        right_J=right,
        lag_J=sum(piece.lag_J for piece in pieces),
        excludes="" if all(piece.accuracy_stated for piece in pieces) else "meter accuracy",
        reason=reason if pieces or reason else "nothing of it was recorded",
    )


def _parts(item: Mapping[str, Any], run: StageRun, meter: str, phases: set[str]) -> list[Part]:
    """The stretches of a stage that a row is charged, those that touch joined."""
    windows = run.windows()
    places = {id(window): spans for window, spans in zip(windows, own_spans(windows), strict=True)}
    counted = [reading.window for reading in charged(item, run, meter) if phase_of(reading) in phases]
    attempts = sorted({window.attempt for window in counted})
    spans = {number: [places[id(w)] for w in counted if w.attempt == number] for number in attempts}
    return [(run, number, joined(span for own in spans[number] for span in own)) for number in attempts]


def _piece(run: StageRun, attempt: int, spans: Spans, meter: str, recordings: Recordings, correct_lag: bool) -> Piece:
    channels = recordings.of(run, attempt, meter)
    _check_cover(channels, spans, meter, attempt)
    seconds = sum(stop - start for start, stop in spans) / 1e9
    idle = _idle_spans(run, attempt)
    idle_s = sum(stop - start for start, stop in idle) / 1e9
    joules = [samples.energy(spans) for samples in channels]
    lags = [causes.lag_J(samples, spans) for samples in channels]
    idles = [samples.energy(idle) if idle_s else 0.0 for samples in channels]
    holes = joined(hole for samples in channels for hole in samples.gaps_in(spans))
    budgets = [
        causes.budget(samples, spans, meter, idle_J / idle_s if idle_s else 0.0, correct_lag)
        for samples, idle_J in zip(channels, idles, strict=True)
    ]
    share = seconds / idle_s if idle_s else 0.0
    return Piece(
        joules=sum(joules) + correct_lag * sum(lags),
        right_J=sum(samples.energy(spans, "mean_over_period") for samples in channels),
        lag_J=sum(lags),
        budget=total(budgets),
        idle_J=sum(idles) * share,
        idle_budget=total(causes.budget(samples, idle, meter, 0.0) for samples in channels).times(share),
        seconds=seconds,
        gap_s=sum(stop - start for start, stop in holes) / 1e9,
        longest_gap_s=max(((stop - start) / 1e9 for start, stop in holes), default=0.0),
        samples=channels[0].count(spans),
        peak_W=peak_W(channels, spans),
        accuracy_stated=all(samples.channel.gain_error is not None for samples in channels),
        period_s=channels[0].period_s,
    )


def _check_cover(channels: list[Samples], spans: Spans, meter: str, attempt: int) -> None:
    first, last = spans[0][0], spans[-1][1]
    for samples in channels:
        limit = samples.last_ns + int(HELD_PERIODS * samples.period_s * 1e9)
        if first < samples.t_ns[0] or last > limit:
            raise MeterError(f"meter {meter} did not record all of attempt {attempt}")


def _idle_spans(run: StageRun, attempt: int) -> Spans:
    """The idle of an attempt without the pulses in it."""
    windows = run.windows()
    pairs = zip(windows, own_spans(windows), strict=True)
    return next((spans for window, spans in pairs if window.phase == "idle" and window.attempt == attempt), [])


def peak_W(channels: list[Samples], spans: Spans) -> float:
    """The highest power; of several channels the highest sum."""
    if len(channels) == 1:
        return channels[0].peak_W(spans)
    times = channels[0].t_ns
    summed = sum(np.interp(times, samples.t_ns, samples.watts) for samples in channels)
    both = Samples("", channels[0].channel, times, np.asarray(summed), channels[0].fresh, channels[0].period_s)
    return both.peak_W(spans)
