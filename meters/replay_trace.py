"""A recorded trace as a source of samples: they come again at their old distances."""

from typing import Dict, List, Tuple

import numpy as np

from meters.base import Channel, Sample
from meters.clock import monotonic_ns
from meters.errors import MeterError
from meters.trace import Trace
from meters.trace_format import fixed_columns


class TraceSource:
    """Channels, boundaries, accuracy, native period and whether it was simulated are those of what was recorded."""

    device_clock = False
    transmission_s = 0.0
    buffered = True
    resynchronisations = 0

    def __init__(self, path: str) -> None:
        self._path = path
        self._trace = trace = Trace.open(path)
        if len(trace.t_ns) == 0:
            raise MeterError(f"{path} has no samples to replay")
        self.columns = trace.columns[len(fixed_columns("device_ns" in trace.columns)) :]
        self.channels, self.total, self.period_s = trace.channels, trace.total, trace.period_s
        self.simulated = trace.simulated
        self.calibration = trace.calibration
        self._values = np.column_stack([trace.column(name) for name in self.columns])
        self._read_ns = trace.column("read_ns")
        self._ages_ns = trace.t_ns - trace.t_ns[0]
        self._begin_ns = self._next = 0

    @property
    def seconds(self) -> float:
        return float(self._ages_ns[-1]) / 1e9

    @property
    def wake_s(self) -> float:
        """20 times a second at most."""
        return max(self.period_s, 0.05)

    @property
    def at_its_end(self) -> bool:
        return self._next == len(self._ages_ns)

    def declare(self, channels: Tuple[Channel, ...]) -> None:
        """What a user states of the channels."""
        self.channels = channels

    def begin(self) -> None:
        """The first sample is due now."""
        self._begin_ns, self._next = monotonic_ns(), 0

    def begin_again(self) -> None:
        """The first sample is due one native period after the last."""
        self._begin_ns += int(self._ages_ns[-1]) + int(1e9 * self.period_s)
        self._next = 0

    def samples(self) -> List[Sample]:
        """What was due by now."""
        first, age_ns = self._next, monotonic_ns() - self._begin_ns
        self._next = int(np.searchsorted(self._ages_ns, age_ns, side="right"))
        return [self._sample(index) for index in range(first, self._next)]

    def close(self) -> None:
        """Nothing is held open."""

    def identity(self) -> Dict[str, object]:
        """The file, and the meter and clock behind it."""
        return {"trace": self._path, "recorded": self._trace.meta["meter"], "recorded_clock": self._trace.clock}

    def _sample(self, index: int) -> Sample:
        values = tuple(None if value != value else value for value in self._values[index].tolist())
        return Sample(self._begin_ns + int(self._ages_ns[index]), int(self._read_ns[index]), None, values)
