"""What every power meter has in common: channels, columns, and samples on the host's monotonic clock."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from meters.clock import monotonic_ns
from meters.errors import MeterError

__all__ = ["BOUNDARIES", "SHAPES", "Channel", "Meter", "MeterError", "Polled", "Row", "Sample"]

BOUNDARIES = ("ac_wall", "supply_input", "dc_input", "module", "rail")
SHAPES = ("instant", "mean_over_period", "lowpass")

Row = Tuple[Optional[float], ...]


class Channel(NamedTuple):
    """One place where power is measured, and what a value from there means."""

    name: str
    boundary: str
    shape: str = "instant"
    tau_s: Optional[float] = None  # lowpass only
    gain_error: Optional[float] = None  # fraction of the reading; None = not stated
    offset_error_W: Optional[float] = None
    accuracy_source: str = "not stated"
    resolution_W: Optional[float] = None


class Sample(NamedTuple):
    """One row at a host time; `device_ns` only from meters with a clock of their own."""

    t_ns: int
    read_ns: int
    device_ns: Optional[int]
    values: Row


class Meter:
    """A source of samples.  Subclass `Polled`, `meters.framed.Framed` or `meters.queried.Queried`.

    A driver sets `channels`, `columns` ("<channel>_power_W", "<channel>_voltage_V", ..., and meter-wide ones
    such as "energy_Wh") and `total` in the class or in its constructor, `period_s` at the latest in `open`.
    The keyword arguments of its constructor are its options.
    """

    channels: Tuple[Channel, ...] = ()
    columns: Tuple[str, ...] = ()
    total: Tuple[str, ...] = ()  # the channels whose sum is the whole input
    period_s: float = 1.0  # native period
    simulated: bool = False
    replayed: bool = False
    device_clock: bool = False  # samples carry device_ns
    steps_back_at_losses: bool = False  # device_ns does where samples were lost, and cannot tell how many
    transmission_s: float = 0.0  # from the device's time stamp to the arrival of the frame's last byte
    buffered: bool = False  # samples wait outside this process, so one call can fetch several
    resynchronisations: int = 0
    calibration: Any = None  # `meters.calibration.Calibration` that readers of its trace apply

    @property
    def wake_s(self) -> float:
        """Time between two calls of `samples`."""
        return self.period_s

    def open(self) -> None:
        """Connect; raises MeterError with what to do about it."""

    def close(self) -> None:
        """Let go of the device; may be called twice, and before `open`."""

    def identity(self) -> Dict[str, object]:
        """What is known about this very device, JSON-able."""
        return {}

    def samples(self) -> List[Sample]:
        """Everything since the last call, oldest first; raises MeterError when the device is gone."""
        raise NotImplementedError

    def __enter__(self) -> "Meter":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Polled(Meter):
    """A register that is read when asked: one row per call, at the middle of the read."""

    def read_row(self) -> Row:
        """Values in the order of `columns`; None where the device has none."""
        raise NotImplementedError

    def samples(self) -> List[Sample]:
        begin = monotonic_ns()
        values = self.read_row()
        end = monotonic_ns()
        return [Sample((begin + end) // 2, end - begin, None, values)]
