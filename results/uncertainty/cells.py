"""The energy of table rows with its uncertainty: every stretch that a row is charged, attempt by attempt."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.ledger import Row, StageRun, StudyRuns
from harness.ledger.charges import HEADLINE, absent, again, charged, phase_of, unrecorded
from harness.ledger.windows import Window
from meters.errors import MeterError
from results.uncertainty.budget import Budget, Interval, total
from results.uncertainty.idle import Idles
from results.uncertainty.pieces import Piece, counted, joined, piece
from results.uncertainty.recordings import Recordings
from results.uncertainty.samples import Spans

LEAST_COVERAGE = 0.95
LEAST_PERIODS = 30
TOO_SHORT = f"shorter than {LEAST_PERIODS} native periods"
SAMPLES, COUNTER = "samples", "counter"

Key = tuple[str, int, str]  # cell, repetition, meter


class Part(NamedTuple):
    """Stretches of one attempt, in order and none overlapping."""

    run: StageRun
    attempt: int
    spans: Spans


class Energy(NamedTuple):
    """An energy on one meter.  `interval` is None where there is no figure, and `reason` says why.

    `left_J` and `right_J` are what rectangles in place of trapezia give; `excludes` names what the interval leaves out;
    `source` is "samples", or "counter" where the meter's own counter stands in for samples that are too few.
    `idle_W` and `idle_after_W` are idle powers before and after the work, None where nothing tells.
    """

    joules: float | None
    budget: Budget
    net_joules: float | None
    net_budget: Budget
    seconds: float
    coverage: float
    longest_gap_s: float
    samples: int
    peak_W: float
    left_J: float
    right_J: float
    lag_J: float
    idle_W: float | None
    idle_after_W: float | None
    excludes: str
    source: str
    reason: str

    @property
    def interval(self) -> Interval | None:
        return None if self.joules is None else self.budget.interval(self.joules)

    @property
    def net_interval(self) -> Interval | None:
        return None if self.net_joules is None else self.net_budget.interval(self.net_joules)

    @property
    def rule_spread_J(self) -> float | None:
        """How far apart left rectangles, right rectangles and trapezia are."""
        if self.joules is None:
            return None
        rules = (self.joules, self.left_J, self.right_J)
        return max(rules) - min(rules)


class Reader:
    """Measures parts of one study's recordings.

    `allow_gaps`: figures also where less than 95 % is covered; `correct_lag`: takes a known filter back.
    """

    def __init__(self, study: StudyRuns, allow_gaps: bool = False, correct_lag: bool = False):
        self.study, self.allow_gaps, self.correct_lag = study, allow_gaps, correct_lag
        self._recordings = Recordings()
        self._idles = Idles(study, self._recordings)

    def row(self, row: Row, phases: Iterable[str] = HEADLINE) -> Energy:
        """The energy of a row's `phases` (the headline by default) on the row's meter."""
        stages = [(item, self.study.run(item["stage"], row.repetition)) for item in row.cell["charges"]]
        found = [(item, run) for item, run in stages if run is not None]
        meter = row.energy.meter
        missing = [sentence for sentence in absent(found) if sentence]
        energy = self.parts([part for item, run in found for part in charged_parts(item, run, meter, phases)], meter)
        remedy = again(unrecorded(found, meter)) if energy.reason and not missing else []
        reason = "; ".join(filter(None, [*missing, energy.reason, *remedy]))
        return energy if not reason else energy._replace(joules=None, net_joules=None, reason=reason)

    def parts(self, parts: Sequence[Part], meter: str, short: bool = False) -> Energy:
        """The energy of some stretches.  Gaps are bridged and bracketed; where they leave too little covered, or the
        time is too short for the samples (`short`: it is in any case), the meter's own counter is asked."""
        if not meter:
            return _whole([], "no meter recorded it", SAMPLES)
        try:
            pieces = self._pieces(parts, meter, self._sampled)
            assert pieces is not None
            reason = self._shortcoming(pieces, meter, short)
            other = self._pieces(parts, meter, self._counted) if reason and pieces else None
        except (MeterError, ValueError) as error:
            return _whole([], str(error), SAMPLES)
        return _whole(pieces, reason, SAMPLES) if other is None else _whole(other, "", COUNTER)

    def _pieces(
        self, parts: Sequence[Part], meter: str, read: Callable[[Part, str], Piece | None]
    ) -> list[Piece] | None:
        found = [read(part, meter) for part in parts]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def _sampled(self, part: Part, meter: str) -> Piece:
        recording = self._recordings.of(part.run, part.attempt, meter)
        return piece(recording, part.spans, self.correct_lag, self._idles.after(part.run, part.attempt, meter))

    def _counted(self, part: Part, meter: str) -> Piece | None:
        return counted(self._recordings.of(part.run, part.attempt, meter), part.spans)

    def _shortcoming(self, pieces: Sequence[Piece], meter: str, short: bool) -> str:
        """What keeps samples from making a figure."""
        seconds, period_s = _seconds(pieces), max((one.period_s for one in pieces), default=0.0)
        found = []
        if pieces and seconds < LEAST_PERIODS * period_s:
            found.append(TOO_SHORT)
        elif pieces and short:
            found.append(f"its windows are {TOO_SHORT}")
        if _coverage(pieces) < LEAST_COVERAGE and not self.allow_gaps:
            found.append(
                f"meter {meter} covers {100 * _coverage(pieces):.1f} %, less than {100 * LEAST_COVERAGE:.0f} %"
            )
        return "; ".join(found)


def every(reader: Reader) -> dict[Key, Energy]:
    """The headline energy of every row that was begun, on every meter."""
    study = reader.study
    return {key(row): reader.row(row) for meter in study.meters for row in study.each_row(meter)}


def key(row: Row) -> Key:
    return row.cell["id"], row.repetition, row.energy.meter


def own_parts(run: StageRun, windows: Iterable[Window]) -> list[Part]:
    """What windows of a run hold outside their children, attempt by attempt, stretches that touch joined."""
    places = {id(window): spans for window, spans in zip(run.windows(), run.own_spans(), strict=True)}
    spans: dict[int, list[tuple[int, int]]] = {}
    for window in windows:
        spans.setdefault(window.attempt, []).extend(places[id(window)])
    return [Part(run, number, joined(found)) for number, found in sorted(spans.items()) if found]


def charged_parts(item: Mapping[str, Any], run: StageRun, meter: str, phases: Iterable[str] = HEADLINE) -> list[Part]:
    """The stretches of a stage that a row is charged."""
    return own_parts(run, [r.window for r in charged(item, run, meter) if phase_of(r) in phases])


def _seconds(pieces: Iterable[Piece]) -> float:
    return sum(piece.seconds for piece in pieces)


def _coverage(pieces: Sequence[Piece]) -> float:
    return 1 - sum(piece.gap_s for piece in pieces) / max(_seconds(pieces), 1e-9)


def _whole(pieces: list[Piece] | None, reason: str, source: str) -> Energy:
    pieces = pieces or []
    joules, right = sum(piece.joules for piece in pieces), sum(piece.right_J for piece in pieces)
    idles, afters = [piece.idle_J for piece in pieces], [piece.after_J for piece in pieces]
    idle_J, after_J, seconds = _sum(idles), _sum(afters), _seconds(pieces)
    budget = total(piece.budget for piece in pieces)
    known = bool(pieces) and not reason
    return Energy(
        joules=joules if known else None,
        budget=budget,
        net_joules=joules - idle_J if known and idle_J is not None else None,
        net_budget=total([budget, *(piece.idle_budget.times(-1.0) for piece in pieces)]),
        seconds=seconds,
        coverage=_coverage(pieces) if pieces else 0.0,
        longest_gap_s=max((piece.longest_gap_s for piece in pieces), default=0.0),
        samples=sum(piece.samples for piece in pieces),
        peak_W=max((piece.peak_W for piece in pieces), default=0.0),
        left_J=2 * joules - right,
        right_J=right,
        lag_J=sum(piece.lag_J for piece in pieces),
        idle_W=idle_J / seconds if idle_J is not None and seconds else None,
        idle_after_W=after_J / seconds if after_J is not None and seconds else None,
        excludes="" if all(piece.accuracy_stated for piece in pieces) else "meter accuracy",
        source=source,
        reason=reason if pieces or reason else "nothing of it was recorded",
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
