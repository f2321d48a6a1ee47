"""A stretch of a program that is monitored, and its figures once they are asked for."""

from typing import Callable, List, Optional

from harness.measuring.energy import Energy
from harness.phases import monotonic_ns


class Window:
    """Its figures are those of the first meter, None with a `reason` where the samples do not bear one.

    Asking for them while the meters still record waits for the next sample.
    """

    def __init__(self, name: str, measure: Callable[["Window"], List[Energy]]):
        self.name, self._measure = name, measure
        self.start_ns = self.stop_ns = 0  # of CLOCK_MONOTONIC
        self.left_by = ""
        self._energies: Optional[List[Energy]] = None

    @property
    def unfinished(self) -> str:
        """Why there is no whole window; empty when there is."""
        if self.left_by:
            return f"{self.left_by} left the window {self.name} before its end"
        return "" if self.stop_ns else f"the window {self.name} is still open"

    @property
    def seconds(self) -> float:
        """Until now, while it is open."""
        return ((self.stop_ns or monotonic_ns()) - self.start_ns) / 1e9

    @property
    def energies(self) -> List[Energy]:
        """Of each meter in the order in which they were named."""
        if self._energies is not None:
            return self._energies
        found = self._measure(self)
        if not self.unfinished:
            self._energies = found
        return found

    @property
    def energy_J(self) -> Optional[float]:
        return self.energies[0].energy_J

    @property
    def mean_W(self) -> Optional[float]:
        return self.energies[0].mean_W

    @property
    def coverage(self) -> float:
        """The share of the window that lies between samples."""
        return self.energies[0].coverage

    @property
    def reason(self) -> Optional[str]:
        """Why there is no energy; None where there is."""
        return self.energies[0].reason

    @property
    def simulated(self) -> bool:
        """Whether the power comes from an emulator, so that no joule of it was measured."""
        return self.energies[0].simulated
