"""What one reader leaves on disk: its trace, on request the raw bytes beside it, and statistics at the end."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from harness.recording.annotate import Annotator
from harness.recording.reader import Reader
from harness.recording.refresh import Refresh
from meters.raw import RawWriter
from meters.trace_format import TraceRow, describe, manifest_entry
from meters.trace_write import TraceWriter


class Files(NamedTuple):
    """`raw` is empty where no bytes are kept."""

    trace: str
    raw: str = ""


class Recorded:
    """Files come into being with the first sample; what was on the line before it is in them too."""

    def __init__(
        self,
        reader: Reader,
        files: Files,
        kind: str,
        options: Dict[str, Any],
        attempt: int,
        report: Callable[..., None],
    ) -> None:
        self.reader = reader
        self._files, self._kind, self._options, self._attempt = files, kind, options, attempt
        self._report = report
        self._trace: Optional[TraceWriter] = None
        self._raw: Optional[RawWriter] = None
        self._watts: List[float] = []

    def append(self) -> None:
        """Hand what is queued to the kernel."""
        queue = self.reader.queue
        samples = [queue.popleft() for _ in range(len(queue))]
        if samples:
            trace, rows = self._open(), self._annotator.rows(samples)
            trace.append(rows)
            self._look_at(rows)
            self._tell()
        if self._raw:
            self._raw.append(self.reader.tape.take())

    def sync(self) -> None:
        for file in filter(None, (self._trace, self._raw)):
            file.sync()

    def close(self) -> None:
        if self._trace:
            self._trace.close(statistics=self.statistics())
        if self._raw:
            self._raw.close()

    def statistics(self) -> Dict[str, Any]:
        """How well the meter was sampled; `refresh_s`: how often each channel had a new value, None where it is not
        known."""
        if not self._trace:
            return self.reader.statistics()
        found = {**self._annotator.statistics(), **self.reader.statistics()}
        return {**found, "refresh_s": self._refresh.seconds()}

    def take_watts(self) -> Optional[float]:
        """Mean power of the whole input since the last call."""
        watts, self._watts = self._watts, []
        return sum(watts) / len(watts) if watts else None

    def manifest_entry(self) -> Dict[str, Any]:
        return manifest_entry(self._metadata(), self.reader.name)

    def _metadata(self) -> Dict[str, Any]:
        return describe(self.reader.meter, self._kind, self.reader.name, self._options, self._attempt)

    def _open(self) -> TraceWriter:
        if self._trace is None:
            meter, name = self.reader.meter, self.reader.name
            self._trace = TraceWriter(self._files.trace, meter.columns, meter.device_clock, self._metadata())
            if self._files.raw:
                asked = {"name": name, "kind": self._kind, "options": self._options}
                self._raw = RawWriter(self._files.raw, asked, meter.simulated)
            names = [channel.name for channel in meter.channels]
            self._annotator, self._refresh = Annotator(meter), Refresh(names)
            self._powers = [meter.columns.index(one + "_power_W") for one in names]
            self._total = [names.index(one) for one in meter.total]
        return self._trace

    def _tell(self) -> None:
        """Gaps, and what is strange about the values."""
        if self._annotator.has_news:
            for gap in self._annotator.take_gaps():
                self._report(gap={"meter": self.reader.name, **gap._asdict()})
            for doubt in self._annotator.take_doubts():
                self._report(warning=f"meter {self.reader.name}: {doubt}")

    def _look_at(self, rows: Sequence[TraceRow]) -> None:
        if not rows:
            return
        columns = list(zip(*[row.values for row in rows]))
        powers = np.array([columns[index] for index in self._powers], dtype=np.float64)
        self._refresh.update([row.device_ns or row.t_ns for row in rows], powers)
        if self._total:
            watts = powers[self._total].sum(axis=0)
            self._watts += watts[~np.isnan(watts)].tolist()
