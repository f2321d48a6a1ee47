"""An emulated meter that errs in known ways: it shows gain x power + offset, some time late.  Its log stays true."""

from collections import deque
from typing import Deque, NamedTuple, Tuple

from meters.emulators.profiles import Profile
from meters.emulators.truth import Moment, Truth


class Mistake(NamedTuple):
    """What is wrong with what the meter shows."""

    gain: float = 1.0
    offset_W: float = 0.0
    lag_s: float = 0.0


class MistakenTruth(Truth):
    """The truth, and beside it what the meter takes for it."""

    def __init__(self, profile: Profile, most_W: float, start_ns: int, origin_ns: int, mistake: Mistake) -> None:
        super().__init__(profile, most_W, start_ns, origin_ns)
        late = delayed(lambda t_s: min(profile(t_s), most_W), mistake.lag_s)
        self._believed = Truth(
            lambda t_s: mistake.gain * late(t_s) + mistake.offset_W, float("inf"), start_ns, origin_ns
        )

    def advance(self, t_ns: int) -> None:
        super().advance(t_ns)
        self._believed.advance(t_ns)

    def shown(self, moment: Moment) -> Moment:
        return self._believed.sample(moment.t_ns)._replace(device_ms=moment.device_ms)


def delayed(profile: Profile, lag_s: float) -> Profile:
    """The profile as it was `lag_s` ago, linear between the times at which it was asked for."""
    seen: Deque[Tuple[float, float]] = deque()

    def watts(t_s: float) -> float:
        seen.append((t_s, profile(t_s)))
        then = t_s - lag_s
        while len(seen) > 1 and seen[1][0] <= then:
            seen.popleft()
        if len(seen) == 1 or then <= seen[0][0]:
            return seen[0][1]
        (before, low), (after, high) = seen[0], seen[1]
        return low + (high - low) * (then - before) / (after - before)

    return watts if lag_s > 0 else profile
