"""From a meter's samples to the rows of its trace: segments, flags, gaps, and what the end says about quality."""

from typing import Dict, List, NamedTuple, Optional, Sequence

from harness.recording.histogram import Histogram
from meters.base import Meter, Sample
from meters.trace_format import FLAG_AFTER_GAP, FLAG_NON_POSITIVE, FLAG_STALE, TraceRow

GAP_PERIODS = 5


class Gap(NamedTuple):
    """Between the arrival of the last sample before and of the first one after."""

    start_ns: int
    stop_ns: int


class Annotator:
    """Takes the samples of one opened meter in order."""

    def __init__(self, meter: Meter) -> None:
        self._period_ns = meter.period_s * 1e9
        self._marks_repeats = not meter.buffered
        powers = meter.total or tuple(channel.name for channel in meter.channels)
        self._powers = [meter.columns.index(name + "_power_W") for name in powers]
        self._segment = 0
        self._n = self._span_ns = 0
        self._last: Optional[Sample] = None
        self._reconnected = False
        self._jitter = Histogram()
        self._gaps: List[Gap] = []
        self._counts = dict.fromkeys(("missed", "stale_repeats", "gaps", "nonpositive"), 0)

    def reconnected(self) -> None:
        """The next sample comes from a new connection."""
        self._reconnected = True

    def rows(self, samples: Sequence[Sample]) -> List[TraceRow]:
        return [self._row(sample) for sample in samples]

    def take_gaps(self) -> List[Gap]:
        """Those found since the last call."""
        gaps, self._gaps = self._gaps, []
        return gaps

    def statistics(self) -> Dict[str, float]:
        """JSON-able; milliseconds of jitter are deviations of the steps between samples from the period."""
        quantiles = {"p50": self._jitter.quantile(0.5), "p99": self._jitter.quantile(0.99), "max": self._jitter.maximum}
        jitter = {f"jitter_{name}_ms": value / 1e6 for name, value in quantiles.items()}
        rate = (self._n - 1) / (self._span_ns / 1e9) if self._span_ns else 0.0
        return {"samples": self._n, **self._counts, "achieved_Hz": rate, **jitter}

    def _row(self, sample: Sample) -> TraceRow:
        flags = self._follow(self._last, sample) if self._last else 0
        self._n += 1
        for index in self._powers:
            power = sample.values[index]
            if power is not None and not power > 0:
                flags |= FLAG_NON_POSITIVE
        if flags:
            self._counts["stale_repeats"] += bool(flags & FLAG_STALE)
            self._counts["nonpositive"] += bool(flags & FLAG_NON_POSITIVE)
        self._last, self._reconnected = sample, False
        return TraceRow(sample.t_ns, sample.read_ns, sample.device_ns, self._segment, flags, sample.values)

    def _follow(self, before: Sample, sample: Sample) -> int:
        """The flags that come from what was before; keeps account of segments, gaps and steps."""
        step_ns = sample.t_ns - before.t_ns
        if sample.device_ns is not None and before.device_ns is not None:
            reset = sample.device_ns <= before.device_ns
            self._segment += reset or self._reconnected
            if not reset and not self._reconnected:
                step_ns = sample.device_ns - before.device_ns
        else:
            self._segment += self._reconnected
        self._span_ns += step_ns
        flags = FLAG_STALE if self._marks_repeats and sample.values == before.values else 0
        if self._reconnected or step_ns > GAP_PERIODS * self._period_ns:
            flags |= FLAG_AFTER_GAP
            self._counts["gaps"] += 1
            self._gaps.append(Gap(before.t_ns, sample.t_ns))
        else:
            self._jitter.add(abs(step_ns - self._period_ns))
        if step_ns > 1.5 * self._period_ns:
            self._counts["missed"] += round(step_ns / self._period_ns) - 1
        return flags
