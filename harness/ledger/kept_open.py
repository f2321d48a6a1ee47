"""What was opened last: what is asked of a stage by turns opens its trace once."""

from typing import Any, Callable, Dict, Hashable

KEPT_OPEN = 6  # enough for the stages of a row on its meters; a trace of days takes a hundred megabytes


class KeptOpen:
    """Keeps a few open, and lets go of the one opened first."""

    def __init__(self) -> None:
        self._open: Dict[Hashable, Any] = {}

    def get(self, key: Hashable, opened: Callable[[], Any]) -> Any:
        """What is kept under a key, or is `opened` now; what that raises is not kept."""
        if key not in self._open:
            found = opened()
            if len(self._open) >= KEPT_OPEN:
                del self._open[next(iter(self._open))]
            self._open[key] = found
        return self._open[key]
