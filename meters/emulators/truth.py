"""What the emulated board really draws, and the log that a measurement is held against."""

from typing import IO, NamedTuple, Optional

from meters.emulators.profiles import Profile

_LINE = '{"t_ns": %d, "sample_ns": %d, "device_ms": %d, "watts": %.6f, "joules": %.9f}\n'


class Moment(NamedTuple):
    """The state at one sample of the emulated meter."""

    t_ns: int  # host CLOCK_MONOTONIC
    device_ms: int  # the device's own clock
    watts: float
    mean_watts: float  # since the sample before
    joules: float  # since the start


class Truth:
    """Integrates the profile: power is linear between the times at which it is asked for."""

    def __init__(self, profile: Profile, most_W: float, start_ns: int, origin_ns: Optional[int] = None) -> None:
        """`origin_ns`: when the profile began, if not now."""
        self._profile, self._most_W = profile, most_W
        self._origin_ns = start_ns if origin_ns is None else origin_ns
        self._reset_ns = self._last_ns = self._marked_ns = start_ns
        self._watts = self._draw(start_ns)
        self._joules = self._marked_joules = 0.0

    def advance(self, t_ns: int) -> None:
        watts = self._draw(t_ns)
        self._joules += (watts + self._watts) / 2 * (t_ns - self._last_ns) / 1e9
        self._watts, self._last_ns = watts, t_ns

    def sample(self, t_ns: int) -> Moment:
        self.advance(t_ns)
        elapsed_s = (t_ns - self._marked_ns) / 1e9
        mean = (self._joules - self._marked_joules) / elapsed_s if elapsed_s > 0 else self._watts
        self._marked_ns, self._marked_joules = t_ns, self._joules
        return Moment(t_ns, (t_ns - self._reset_ns) // 1000000, self._watts, mean, self._joules)

    def shown(self, moment: Moment) -> Moment:
        """What the meter takes for the moment."""
        return moment

    def reset_clock(self, t_ns: int) -> None:
        self._reset_ns = t_ns

    def _draw(self, t_ns: int) -> float:
        return min(self._profile((t_ns - self._origin_ns) / 1e9), self._most_W)


class Log:
    """One JSON line per frame that went out whole: when its last byte left, and the truth at its sample."""

    def __init__(self, path: Optional[str]) -> None:
        self._file: Optional[IO[str]] = open(path, "a", buffering=1) if path else None

    def write(self, sent_ns: int, moment: Moment) -> None:
        if self._file:
            self._file.write(_LINE % (sent_ns, moment.t_ns, moment.device_ms, moment.watts, moment.joules))

    def close(self) -> None:
        if self._file:
            self._file.close()
