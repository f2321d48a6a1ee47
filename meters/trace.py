"""A recorded trace: samples on the host's clock, the gaps in them, and the energy of any window they cover."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from meters import attached as attachments
from meters import calibration as calibrations
from meters.base import Channel
from meters.errors import MeterError
from meters.integrate import integrate, partition
from meters.timemap import strictly_increasing, to_host
from meters.trace_format import FLAG_AFTER_GAP
from meters.trace_read import TraceFile, read_file, values

__all__ = ["Trace", "integrate", "partition"]

_GAP_PERIODS = 5  # samples further apart than so many native periods leave a gap
_BLOCK = 1 << 17


class Trace:
    """Immutable.  Arrays have one element per sample; times are int64 ns of the host's monotonic clock."""

    def __init__(self, file: TraceFile) -> None:
        self._file = file
        self._cache: Dict[Optional[str], _Series] = {}
        self._gaps: Dict[Tuple[Optional[float], Optional[str]], List[Tuple[int, int]]] = {}
        self.meta: Dict[str, Any] = file.meta
        self.channels: Tuple[Channel, ...] = file.channels
        self.total: Tuple[str, ...] = tuple(file.meta["total"])
        self.period_s: float = float(file.meta["period_s"])
        self.simulated: bool = file.meta["simulated"]
        self.replayed: bool = bool(file.meta.get("replayed"))
        self.clock: Dict[str, str] = file.meta["clock"]
        mapped = file.meta.get("attached")
        self.attached = None if mapped is None else attachments.of(mapped)
        copied = file.meta.get("calibration")
        self.calibration = None if copied is None else calibrations.of(copied)
        self._flags: Optional[np.ndarray] = None
        self.t_ns = self._times() if self.attached is None else strictly_increasing(self.attached.here(self._times()))

    @classmethod
    def open(cls, path: Any) -> "Trace":
        """Raises MeterError with a sentence for a file that is no trace; a torn tail is left out."""
        return cls(read_file(str(path)))

    @property
    def columns(self) -> Tuple[str, ...]:
        return tuple(self._file.schema.names)

    @property
    def segment(self) -> np.ndarray:
        """One more after each reconnection and each reset of the device's clock."""
        return self.column("segment")

    @property
    def flags(self) -> np.ndarray:
        if self._flags is None:
            self._flags = self.column("flags")
        return self._flags

    def column(self, name: str) -> np.ndarray:
        """A column by name; NaN where a value was not available."""
        if name not in self.columns:
            raise MeterError(f"the trace has no column {name!r}; there are: {', '.join(self.columns)}")
        index = self.columns.index(name)
        parts = [values(batch.column(index)) for batch in self._file.batches]
        return np.concatenate(parts) if parts else np.empty(0, self._file.schema.field(index).type.to_pandas_dtype())

    def power_W(self, channel: Optional[str] = None) -> np.ndarray:
        """Watts of a channel; of the whole input when none is named."""
        powers = [self.watts(one.name) for one in self._chosen(channel)]
        return powers[0] if len(powers) == 1 else np.asarray(np.sum(powers, axis=0, dtype=np.float64))

    def recorded(self, channel: Optional[str] = None) -> Tuple[np.ndarray, np.ndarray]:
        """Times in ns and watts of the samples that have a power on that channel; on all of the whole input's."""
        series = self._series(channel)
        powers = [power for _, power in series.powers]
        return series.t_ns, powers[0] if len(powers) == 1 else np.asarray(np.sum(powers, axis=0, dtype=np.float64))

    def watts(self, channel: str) -> np.ndarray:
        """Watts of one channel as its calibration corrects them; `column` has them as the meter gave them."""
        return self.corrected(channel, self.column(channel + "_power_W"))

    def corrected(self, channel: str, watts: np.ndarray) -> np.ndarray:
        """Powers that a channel gave, corrected where it is part of a whole input that was calibrated."""
        if self.calibration is None or channel not in self.total:
            return watts
        return self.calibration.corrected(watts, len(self.total))

    def gaps(self, max_gap_s: Optional[float] = None, channel: Optional[str] = None) -> List[Tuple[int, int]]:
        """(start_ns, stop_ns) between samples further apart than `max_gap_s`.

        By default 5 native periods, and wherever the recorder lost its meter, for however short.
        A sample without power on that channel is none; the whole input needs all of its channels.
        """
        key = max_gap_s, self._named(channel)
        if key not in self._gaps:
            self._gaps[key] = self._find_gaps(*key)
        return list(self._gaps[key])

    def _find_gaps(self, max_gap_s: Optional[float], channel: Optional[str]) -> List[Tuple[int, int]]:
        t_ns = self.t_ns if channel is None and not self.total else self._series(channel).t_ns
        after = _apart(t_ns, self._limit_ns(max_gap_s))
        if max_gap_s is None:
            interrupted = np.searchsorted(t_ns, self._interrupted_ns())
            after = np.union1d(after, interrupted[(interrupted > 0) & (interrupted < len(t_ns))])
        return list(zip(t_ns[after - 1].tolist(), t_ns[after].tolist()))

    def coverage(self, start_ns: int, stop_ns: int, channel: Optional[str] = None) -> float:
        """The fraction of a window that lies between samples with no gap."""
        t_ns = self._series(channel).t_ns
        if len(t_ns) == 0 or stop_ns <= start_ns:
            return 0.0
        missing = [(start_ns, int(t_ns[0])), *self.gaps(None, channel), (int(t_ns[-1]), stop_ns)]
        lost = sum(max(0, min(stop, stop_ns) - max(start, start_ns)) for start, stop in missing)
        return 1 - lost / (stop_ns - start_ns)

    def energy_J(
        self, start_ns: int, stop_ns: int, channel: Optional[str] = None, max_gap_s: Optional[float] = None
    ) -> float:
        """Joules of one window; ValueError when it is not covered or has a gap."""
        return float(self._energies([start_ns, stop_ns], channel, max_gap_s)[0])

    def energies_J(self, edges_ns: Sequence[int], channel: Optional[str] = None) -> np.ndarray:
        """Joules between successive edges, float64[len(edges_ns) - 1]; ValueError as `energy_J`."""
        return self._energies(edges_ns, channel, None)

    def _energies(self, edges_ns: Sequence[int], channel: Optional[str], max_gap_s: Optional[float]) -> np.ndarray:
        for start, stop in self.gaps(max_gap_s, channel):
            if start < edges_ns[-1] and stop > edges_ns[0]:
                raise ValueError(
                    f"there are no samples for {(stop - start) / 1e9:.3f} s of the window, from {start} ns on"
                )
        series = self._series(channel)
        joules = [partition(series.t_ns, power, edges_ns, shape) for shape, power in series.powers]
        return np.sum(joules, axis=0)

    def _limit_ns(self, max_gap_s: Optional[float]) -> float:
        return 1e9 * (_GAP_PERIODS * self.period_s if max_gap_s is None else max_gap_s)

    def _chosen(self, channel: Optional[str]) -> List[Channel]:
        names = [one.name for one in self.channels]
        if channel is None and not self.total:
            raise MeterError(f"no channel of this meter is the whole input; name one: {', '.join(names)}")
        if channel is not None and channel not in names:
            raise MeterError(f"the trace has no channel {channel!r}; there are: {', '.join(names)}")
        wanted = self.total if channel is None else (channel,)
        return [one for one in self.channels if one.name in wanted]

    def _named(self, channel: Optional[str]) -> Optional[str]:
        """The channel's name also where it is asked for as the whole input, all of which it is."""
        return self.total[0] if channel is None and len(self.total) == 1 else channel

    def _series(self, channel: Optional[str]) -> "_Series":
        channel = self._named(channel)
        if channel not in self._cache:
            chosen = self._chosen(channel)
            powers = [self.watts(one.name) for one in chosen]
            t_ns, missing = self.t_ns, np.any([np.isnan(power) for power in powers], axis=0)
            if missing.any():
                t_ns, powers = t_ns[~missing], [power[~missing] for power in powers]
            self._cache[channel] = _Series(t_ns, [(one.shape, power) for one, power in zip(chosen, powers)])
        return self._cache[channel]

    def _interrupted_ns(self) -> np.ndarray:
        """Times of the samples that the recorder marked as the first ones after a gap."""
        return self.t_ns[np.flatnonzero(self.flags & FLAG_AFTER_GAP)]

    def _times(self) -> np.ndarray:
        arrival = self.column("t_ns")
        if "device_ns" not in self.columns or not len(arrival):
            return arrival
        device = self.column("device_ns")
        transmission_ns = int(1e9 * float(self.meta.get("transmission_s", 0.0)))
        starts = np.flatnonzero((np.diff(self.segment) != 0) | (np.diff(device) <= 0)) + 1
        segments = zip(np.split(arrival, starts), np.split(device, starts))
        return strictly_increasing(np.concatenate([to_host(*both, transmission_ns) for both in segments]))


class _Series(NamedTuple):
    """The samples in which all chosen channels have a power: (shape, watts) of each."""

    t_ns: np.ndarray
    powers: List[Tuple[str, np.ndarray]]


def _apart(t_ns: np.ndarray, limit_ns: float) -> np.ndarray:
    """Indices of samples that come so long after the one before.

    Block by block: the steps of all samples at once would take as much memory as their times.
    """
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(t_ns) - 1, _BLOCK):
        found.append(start + 1 + np.flatnonzero(np.diff(t_ns[start : start + _BLOCK + 1]) > limit_ns))
    return np.concatenate(found)
