"""The traces that were opened last: what is asked of a stage by turns opens its trace once."""

from pathlib import Path
from typing import Any, Dict

KEPT_OPEN = 6  # enough for the stages of a row on its meters; a trace of days takes a hundred megabytes


class Traces:
    """Keeps a few open, and lets go of the one opened first."""

    def __init__(self) -> None:
        self._open: Dict[Path, Any] = {}

    def open(self, path: Path) -> Any:
        """The trace in a file; MeterError where it holds none."""
        from meters.trace import Trace

        if path not in self._open:
            trace = Trace.open(path)
            if len(self._open) >= KEPT_OPEN:
                del self._open[next(iter(self._open))]
            self._open[path] = trace
        return self._open[path]
