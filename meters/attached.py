"""How the clock of the host that recorded a trace lies to that of the host whose work it shows."""

import math
from typing import Any, Dict, NamedTuple

import numpy as np

from meters.errors import MeterError

_MOST_DRIFT = 1e-3  # no quartz is that far off


class Attached(NamedTuple):
    """time here = time there + offset_ns + drift * (time there - at_ns), right to `within_s`."""

    offset_ns: int
    drift: float
    at_ns: int
    within_s: float
    clock: Dict[str, str]  # of the host that recorded

    def here(self, t_ns: np.ndarray) -> np.ndarray:
        """int64 ns of the clock of the work."""
        drifted = np.rint(self.drift * (t_ns - self.at_ns)).astype(np.int64)
        mapped: np.ndarray = t_ns + self.offset_ns + drifted
        return mapped

    def there(self, t_ns: int) -> int:
        """ns of the recording host's clock."""
        return int(self.at_ns + (t_ns - self.offset_ns - self.at_ns) / (1 + self.drift))


def of(content: Any) -> Attached:
    """From a trace's metadata, checked as if a stranger had written it."""
    try:
        found = Attached(
            int(content["offset_ns"]),
            float(content["drift"]),
            int(content["at_ns"]),
            float(content["within_s"]),
            {key: str(value) for key, value in content["clock"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise MeterError(f"its clock is not mapped in a way that is understood: {error!r}") from error
    if not abs(found.drift) <= _MOST_DRIFT or not 0 <= found.within_s < math.inf:
        raise MeterError("its clock is mapped in a way that no clock runs")
    if max(abs(found.offset_ns), abs(found.at_ns)) >= 1 << 62:
        raise MeterError("its clock is mapped to a time that does not exist")
    return found
