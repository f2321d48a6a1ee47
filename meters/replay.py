"""A recording is a meter: its samples come again at their old distances, and stay marked as a replay."""

from typing import Any, Dict, List

from meters.base import Meter as AnyMeter
from meters.base import Sample
from meters.errors import MeterError
from meters.raw_read import is_raw

_OF_THE_SOURCE = ("channels", "columns", "total", "period_s", "simulated", "device_clock", "transmission_s", "buffered")


class Meter(AnyMeter):
    """`path`: a trace, or raw bytes, which are decoded anew.  `repeat`: at its end begin again instead of stopping.

    Channels, boundaries, accuracy, native period and whether it was simulated are those of what was recorded.
    """

    replayed = True

    def __init__(self, path: str, repeat: bool = False) -> None:
        self._path, self._repeat = path, repeat
        self._source = _source(path)
        self.calibration = self._source.calibration
        self._learn()

    @property
    def wake_s(self) -> float:
        return self._source.wake_s

    def open(self) -> None:
        """The first sample is due now.  A recording that has come to its end stays there."""
        if self._source.at_its_end:
            raise MeterError(self._at_its_end())
        self._source.declare(self.channels)
        self._source.begin()
        self._learn()

    def close(self) -> None:
        self._source.close()

    def samples(self) -> List[Sample]:
        """What was due by now; raises MeterError at the end, once all of it has been given out."""
        if self._source.at_its_end:
            if not self._repeat:
                raise MeterError(self._at_its_end())
            self._source.begin_again()
        found = self._source.samples()
        self.resynchronisations = self._source.resynchronisations
        return found

    def identity(self) -> Dict[str, object]:
        """The file, and the meter and clock behind it."""
        return self._source.identity()

    def _learn(self) -> None:
        """What the source is; of raw bytes that is known once they have been begun."""
        for name in _OF_THE_SOURCE:
            setattr(self, name, getattr(self._source, name))

    def _at_its_end(self) -> str:
        return (
            f"the recording {self._path} is at its end after {self._source.seconds:.1f} s: "
            "replay a longer one, or begin it again with repeat=yes"
        )


def _source(path: str) -> Any:
    """Nothing is loaded that the recording does not need."""
    if is_raw(path):
        from meters.replay_raw import RawSource

        return RawSource(path)
    from meters.replay_trace import TraceSource

    return TraceSource(path)
