"""An NVIDIA graphics card, asked through NVML: by its energy counter where it has one, else by its power."""

from typing import Any, Callable, Dict, Optional, Tuple

from meters.base import Channel, Polled, Row
from meters.counters import Counters
from meters.errors import MeterError

CHANNEL = "gpu"
ELSEWHERE = "the graphics part of a Jetson has none: use --meter ina3221 there"


class Meter(Polled):
    """`index`: which card, from 0.  `rate`: readings per second."""

    channels = (Channel(CHANNEL, "module"),)
    columns: Tuple[str, ...] = (f"{CHANNEL}_power_W",)
    total = (CHANNEL,)

    def __init__(self, index: int = 0, rate: float = 10.0) -> None:
        if not 0 < rate < float("inf"):
            raise MeterError(f"nvml: rate={rate} is not a number of readings per second above 0, as in rate=10")
        self._index, self.period_s = index, 1 / rate
        self._nvml: Any = None
        self._card: Any = None
        self._counters: Optional[Counters] = None

    def open(self) -> None:
        """A card with an energy counter gives the mean power since the reading before, and its joules."""
        self.close()
        nvml = _library()
        try:
            nvml.nvmlInit()
            self._nvml = nvml
            self._card = nvml.nvmlDeviceGetHandleByIndex(self._index)
        except nvml.NVMLError as error:
            self.close()
            raise MeterError(f"nvml: card {self._index} cannot be reached: {error}; {ELSEWHERE}") from error
        try:
            self._choose()
        except MeterError:
            self.close()
            raise

    def close(self) -> None:
        if self._nvml is not None:
            self._nvml.nvmlShutdown()
            self._nvml = self._card = None

    def read_row(self) -> Row:
        """Watts; with an energy counter, None at first, and joules since the opening."""
        if self._nvml is None:
            self.open()
        if self._counters is None:
            return (self._ask(self._nvml.nvmlDeviceGetPowerUsage) / 1000,)
        watts, joules = self._counters.update([self._ask(self._nvml.nvmlDeviceGetTotalEnergyConsumption)])
        return (*watts, *joules)

    def identity(self) -> Dict[str, object]:
        nvml = self._nvml
        if nvml is None:
            return {}
        return {
            "card": _text(nvml.nvmlDeviceGetName(self._card)),
            "uuid": _text(nvml.nvmlDeviceGetUUID(self._card)),
            "driver": _text(nvml.nvmlSystemGetDriverVersion()),
            "source": "power" if self._counters is None else "energy counter",
        }

    def _choose(self) -> None:
        """The counter if the card has one, else its power; a card with neither is an error and never 0 W."""
        nvml, (channel,) = self._nvml, self.channels
        self._counters = None
        try:
            nvml.nvmlDeviceGetTotalEnergyConsumption(self._card)
        except nvml.NVMLError:
            self._ask(nvml.nvmlDeviceGetPowerUsage)
            return
        self._counters = Counters(1e-3, [None])
        self.channels = (channel._replace(shape="mean_over_period"),)
        self.columns = (f"{CHANNEL}_power_W", "energy_J")

    def _ask(self, what: Callable[[Any], int]) -> int:
        try:
            return what(self._card)
        except self._nvml.NVMLError as error:
            raise MeterError(f"nvml: card {self._index} tells no power: {error}; {ELSEWHERE}") from error


def _library() -> Any:
    try:
        import pynvml
    except ImportError:
        raise MeterError(f"NVML needs nvidia-ml-py: pip install 'edge-energy-harness[nvml]'; {ELSEWHERE}") from None
    return pynvml


def _text(value: Any) -> str:
    """Older releases of the library give bytes."""
    return value.decode() if isinstance(value, bytes) else value
