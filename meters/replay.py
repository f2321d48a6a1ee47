"""A recorded trace is a meter: its samples come again at their old distances, and stay marked as a replay."""

from typing import Dict, List

import numpy as np

from meters.base import Meter as AnyMeter
from meters.base import Sample
from meters.clock import monotonic_ns
from meters.errors import MeterError
from meters.trace import Trace
from meters.trace_format import fixed_columns


class Meter(AnyMeter):
    """`path`: a trace file.  `repeat`: at its end begin again, one native period later, instead of stopping there.

    Channels, boundaries, accuracy, native period and whether it was simulated are those of what was recorded.
    """

    replayed = True
    buffered = True

    def __init__(self, path: str, repeat: bool = False) -> None:
        self._path, self._repeat = path, repeat
        self._trace = trace = Trace.open(path)
        if len(trace.t_ns) == 0:
            raise MeterError(f"{path} has no samples to replay")
        self.columns = trace.columns[len(fixed_columns("device_ns" in trace.columns)) :]
        self.channels, self.total, self.period_s = trace.channels, trace.total, trace.period_s
        self.simulated = trace.simulated
        self._values = np.column_stack([trace.column(name) for name in self.columns])
        self._read_ns = trace.column("read_ns")
        self._ages_ns = trace.t_ns - trace.t_ns[0]
        self._begin_ns = self._next = 0

    @property
    def wake_s(self) -> float:
        """20 times a second at most."""
        return max(self.period_s, 0.05)

    def open(self) -> None:
        """The first sample is due now.  A trace that has come to its end stays there."""
        if self._next == len(self._ages_ns):
            raise MeterError(self._at_its_end())
        self._begin_ns, self._next = monotonic_ns(), 0

    def samples(self) -> List[Sample]:
        """What was due by now; raises MeterError at the end of the trace, once all of it has been given out."""
        if self._next == len(self._ages_ns):
            if not self._repeat:
                raise MeterError(self._at_its_end())
            self._begin_ns += int(self._ages_ns[-1]) + int(1e9 * self.period_s)
            self._next = 0
        first, age_ns = self._next, monotonic_ns() - self._begin_ns
        self._next = int(np.searchsorted(self._ages_ns, age_ns, side="right"))
        return [self._sample(index) for index in range(first, self._next)]

    def identity(self) -> Dict[str, object]:
        """The file, and the meter and clock behind it."""
        return {"trace": self._path, "recorded": self._trace.meta["meter"], "recorded_clock": self._trace.clock}

    def _sample(self, index: int) -> Sample:
        values = tuple(None if value != value else value for value in self._values[index].tolist())
        return Sample(self._begin_ns + int(self._ages_ns[index]), int(self._read_ns[index]), None, values)

    def _at_its_end(self) -> str:
        return (
            f"the trace {self._path} is at its end after {self._ages_ns[-1] / 1e9:.1f} s: "
            "replay a longer one, or begin it again with repeat=yes"
        )
