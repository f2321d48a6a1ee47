"""The recordings of a study's attempts as samples, the last few kept open, because rows share stages."""

from functools import cached_property

from harness.ledger import StageRun
from harness.ledger.kept_open import KeptOpen
from meters.errors import MeterError
from results.uncertainty import causes, counters
from results.uncertainty.budget import Budget, total
from results.uncertainty.samples import Samples, Spans


class Recording:
    """One attempt on one meter: the channels that make its whole input, and its own energy counters."""

    def __init__(self, run: StageRun, attempt: int, meter: str):
        trace = run.open_trace(meter, attempt)
        if not trace.total:
            raise MeterError(f"no channel of meter {meter} is the whole input")
        self.attempt, self.meter = attempt, meter
        self.where = f"{run.name}/{run.repetition}/{attempt}/{meter}"
        self.idle: Spans = _idle(run, attempt)
        self._trace = trace
        self._chosen = [channel for channel in trace.channels if channel.name in trace.total]
        self.channels = [Samples.of(trace, channel, f"{self.where}/{channel.name}") for channel in self._chosen]

    @cached_property
    def counters(self) -> list[counters.Counter]:
        """One for each channel, or none."""
        return counters.of(self._trace, self._chosen, self.where)

    @cached_property
    def idle_s(self) -> float:
        return sum(stop - start for start, stop in self.idle) / 1e9

    @cached_property
    def idle_J(self) -> list[float] | None:
        """Of each channel, before the work; None where the attempt shows no idle, or no samples in it."""
        try:
            return [samples.energy(self.idle) for samples in self.channels] if self.idle_s else None
        except ValueError:
            return None

    @property
    def idle_W(self) -> list[float] | None:
        return None if self.idle_J is None else [joules / self.idle_s for joules in self.idle_J]

    @cached_property
    def idle_budget(self) -> Budget:
        """What may be wrong with the energy of `idle`."""
        known = zip(self.channels, self.idle_J, strict=True) if self.idle_J is not None else ()
        return total(causes.budget(samples, self.idle, joules, self.meter, 0.0) for samples, joules in known)


class Recordings:
    """Opens each recording once for those who ask in turn."""

    def __init__(self) -> None:
        self._kept = KeptOpen()

    def of(self, run: StageRun, attempt: int, meter: str) -> Recording:
        """MeterError where there is no such trace."""
        key = (run.name, run.repetition, attempt, meter)
        return self._kept.get(key, lambda: Recording(run, attempt, meter))


def _idle(run: StageRun, attempt: int) -> Spans:
    """The idle of an attempt without the pulses in it."""
    pairs = zip(run.windows(), run.own_spans(), strict=True)
    return next((spans for window, spans in pairs if window.phase == "idle" and window.attempt == attempt), [])
