"""From a meter's samples to the rows of its trace: segments, flags, gaps, and what the end says about quality."""

from typing import Dict, List, NamedTuple, Optional, Sequence

from harness.recording.histogram import Histogram, milliseconds
from meters.base import Meter, Sample
from meters.trace_format import FLAG_AFTER_GAP, FLAG_NON_POSITIVE, FLAG_NOT_AVAILABLE, FLAG_STALE, TraceRow

GAP_PERIODS = 5


DOUBTS = {
    FLAG_NON_POSITIVE: "power of {} is {:g} W: is the board on, and the current wired the right way round?",
    FLAG_NOT_AVAILABLE: "{} has no value: is its rail switched off, or its range exceeded?",
}


class Gap(NamedTuple):
    """Between the arrival of the last sample before and of the first one after."""

    start_ns: int
    stop_ns: int


class Annotator:
    """Takes the samples of one opened meter in order."""

    def __init__(self, meter: Meter) -> None:
        self._period_ns = meter.period_s * 1e9
        self._marks_repeats = not meter.buffered
        self._steps_back_at_losses = meter.steps_back_at_losses
        powers = meter.total or tuple(channel.name for channel in meter.channels)
        self._powers = [(meter.columns.index(name + "_power_W"), name) for name in powers]
        self._segment = 0
        self._n = self._span_ns = 0
        self._last: Optional[Sample] = None
        self._reconnected = False
        self._jitter, self._read = Histogram(), Histogram()
        self.has_news = False  # gaps or doubts to take
        self._gaps: List[Gap] = []
        self._doubts: Dict[int, str] = {}  # by flag; said once
        self._counts = dict.fromkeys(("missed", "stale_repeats", "gaps", "nonpositive", "not_available"), 0)

    def rows(self, samples: Sequence[Optional[Sample]]) -> List[TraceRow]:
        """None: what follows comes from a new connection."""
        rows = []
        for sample in samples:
            if sample is None:
                self._reconnected = True
            else:
                rows.append(self._row(sample))
        return rows

    def take_gaps(self) -> List[Gap]:
        """Those found since the last call."""
        gaps, self._gaps, self.has_news = self._gaps, [], False
        return gaps

    def take_doubts(self) -> List[str]:
        """What is strange about the values since the last call; of each kind the first only, the rest is flagged."""
        found = [sentence for sentence in self._doubts.values() if sentence]
        self._doubts, self.has_news = dict.fromkeys(self._doubts, ""), False
        return found

    def statistics(self) -> Dict[str, float]:
        """JSON-able; milliseconds of jitter are deviations of the steps between samples from the period."""
        rate = (self._n - 1) / (self._span_ns / 1e9) if self._span_ns else 0.0
        spread = {**milliseconds("jitter", self._jitter), **milliseconds("read", self._read)}
        return {"samples": self._n, **self._counts, "achieved_Hz": rate, **spread}

    def _row(self, sample: Sample) -> TraceRow:
        flags = self._follow(self._last, sample) if self._last else 0
        self._n += 1
        for index, name in self._powers:
            power = sample.values[index]
            if power is None or not power > 0:
                flags |= self._doubt(name, power)
        if flags:
            self._counts["stale_repeats"] += bool(flags & FLAG_STALE)
            self._counts["nonpositive"] += bool(flags & FLAG_NON_POSITIVE)
            self._counts["not_available"] += bool(flags & FLAG_NOT_AVAILABLE)
        self._read.add(sample.read_ns)
        self._last, self._reconnected = sample, False
        return TraceRow(sample.t_ns, sample.read_ns, sample.device_ns, self._segment, flags, sample.values)

    def _doubt(self, name: str, power: Optional[float]) -> int:
        """The flag of a power that is none, or none that a board draws."""
        flag = FLAG_NOT_AVAILABLE if power is None or power != power else FLAG_NON_POSITIVE
        if flag not in self._doubts:
            self._doubts[flag], self.has_news = DOUBTS[flag].format(name, power), True
        return flag

    def _follow(self, before: Sample, sample: Sample) -> int:
        """The flags that come from what was before; keeps account of segments, gaps and steps."""
        step_ns, lost = sample.t_ns - before.t_ns, self._reconnected
        if sample.device_ns is not None and before.device_ns is not None:
            reset = sample.device_ns <= before.device_ns
            self._segment += reset or self._reconnected
            if not reset and not self._reconnected:
                step_ns = sample.device_ns - before.device_ns
            lost = lost or reset and self._steps_back_at_losses
        else:
            self._segment += self._reconnected
        self._span_ns += step_ns
        flags = FLAG_STALE if self._marks_repeats and sample.values == before.values else 0
        if lost or step_ns > GAP_PERIODS * self._period_ns:
            flags |= FLAG_AFTER_GAP
            self._counts["gaps"] += 1
            self._gaps.append(Gap(before.t_ns, sample.t_ns))
            self.has_news = True
        else:
            self._jitter.add(abs(step_ns - self._period_ns))
        if step_ns > 1.5 * self._period_ns:
            self._counts["missed"] += round(step_ns / self._period_ns) - 1
        return flags
