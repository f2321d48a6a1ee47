"""Idle power after the work of an attempt: what the idle power before it is checked against."""

from bisect import bisect_left
from typing import NamedTuple

from harness.ledger import StageRun, StudyRuns
from meters.errors import MeterError
from results.uncertainty.recordings import Recordings

NEXT_WITHIN_S = 600.0
LEAST_PERIODS = 10


class After(NamedTuple):
    """Mean power, and from `where` it is: the "next idle" of the board, or the second half of the "cooldown"."""

    watts: float
    where: str


class Idles:
    """Idle powers of a study; the attempts of one boot follow each other on one clock."""

    def __init__(self, study: StudyRuns, recordings: Recordings):
        self._recordings = recordings
        starts: dict[str | None, list[tuple[int, int, int]]] = {}
        for number, run in enumerate(study.runs()):
            for attempt in run.attempts:
                if attempt.spans:
                    start = (attempt.spans[0].start_ns, number, attempt.number)
                    starts.setdefault(attempt.clock.get("boot_id"), []).append(start)
        self._starts = {boot: sorted(found) for boot, found in starts.items()}
        self._runs = study.runs()
        self._known: dict[tuple, After | None] = {}

    def after(self, run: StageRun, attempt: int, meter: str) -> After | None:
        """None where nothing tells."""
        key = (run.name, run.repetition, attempt, meter)
        if key not in self._known:
            self._known[key] = self._next_idle(run, attempt, meter) or self._cooldown(run, attempt, meter)
        return self._known[key]

    def _next_idle(self, run: StageRun, number: int, meter: str) -> After | None:
        attempt = next(attempt for attempt in run.attempts if attempt.number == number)
        stops = [span.stop_ns for span in attempt.spans]
        if None in stops:
            return None
        end_ns = max(stop for stop in stops if stop is not None)
        starts = self._starts[attempt.clock.get("boot_id")]
        place = bisect_left(starts, (end_ns, 0, 0))
        if place == len(starts) or starts[place][0] - end_ns > NEXT_WITHIN_S * 1e9:
            return None
        _, index, other = starts[place]
        watts = self._runs[index].idle_W(meter, other)
        return None if watts is None else After(watts, "next idle")

    def _cooldown(self, run: StageRun, number: int, meter: str) -> After | None:
        window = next((w for w in run.windows() if w.phase == "cooldown" and w.attempt == number and w.ended), None)
        if window is None or window.stop_ns is None:
            return None
        half = [((window.start_ns + window.stop_ns) // 2, window.stop_ns)]
        try:
            recording = self._recordings.of(run, number, meter)
            if half[0][1] - half[0][0] < LEAST_PERIODS * recording.channels[0].period_s * 1e9:
                return None
            return After(sum(samples.mean_W(half) for samples in recording.channels), "cooldown")
        except (MeterError, ValueError):
            return None
