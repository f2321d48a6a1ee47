"""The machine's state during a stage, once a second: read from state.jsonl, one record for each attempt."""

import json
from array import array
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import numpy as np

from harness.board.nodes import OFFLINE_C
from harness.errors import UserError
from harness.ledger.whole_lines import whole_lines

LARGEST_BYTES = 1 << 29
NOTHING = float("nan")


class State(NamedTuple):
    """One attempt.  `columns`: the value of each gauge at each of `t_ns`, NaN where it could not be read; `gauges`
    says of each what it is (`kind`, of a clock also `expected` and `busy`)."""

    attempt: int
    t_ns: np.ndarray
    columns: Dict[str, np.ndarray]
    gauges: Dict[str, Dict[str, Any]]

    def of_kind(self, kind: str) -> List[str]:
        return [name for name, gauge in self.gauges.items() if gauge.get("kind") == kind and name in self.columns]

    def temperatures(self) -> Dict[str, np.ndarray]:
        """Degrees C of each zone by its name, NaN where it was off."""
        found = {name[: -len("_C")]: self.columns[name] for name in self.of_kind("temperature")}
        return {name: np.where(values > OFFLINE_C, values, np.nan) for name, values in found.items()}


def read(path: Path) -> List[State]:
    """The attempts in a state.jsonl; a torn last line is dropped, and a missing file holds none.

    A damaged file raises UserError.
    """
    found: List[_Attempt] = []
    try:
        for line in whole_lines(path, LARGEST_BYTES, "board state"):
            _take(json.loads(line.decode("utf-8")), found)
        return [attempt.state() for attempt in found]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise UserError(f"{path} is damaged ({error}): restore it from a copy, or remove it") from error


def _take(line: Dict[str, Any], found: List["_Attempt"]) -> None:
    gauges = line.pop("gauges", None)
    if gauges is not None:
        found.append(_Attempt(int(line.pop("attempt")), gauges))
    found[-1].take(line)


class _Attempt:
    """Gathers the lines of an attempt in little memory: of each gauge the values that it changed to, and where."""

    def __init__(self, number: int, gauges: Dict[str, Any]):
        self._number, self._gauges = number, {str(name): dict(gauge) for name, gauge in gauges.items()}
        self._t_ns = array("q")
        self._places = {name: array("q") for name in self._gauges}
        self._values = {name: array("d") for name in self._gauges}

    def take(self, line: Dict[str, Any]) -> None:
        place = len(self._t_ns)
        self._t_ns.append(line.pop("t_ns"))
        for name, value in line.items():
            self._places[name].append(place)
            self._values[name].append(NOTHING if value is None else value)

    def state(self) -> State:
        columns = {name: self._column(name) for name in self._gauges}
        return State(self._number, np.array(self._t_ns, dtype=np.int64), columns, self._gauges)

    def _column(self, name: str) -> np.ndarray:
        """The value at each time: a line that does not name the gauge repeats the one before."""
        count, places = len(self._t_ns), self._places[name]
        kind = np.float64 if self._gauges[name].get("kind") == "counter" else np.float32
        if not places:
            return np.full(count, NOTHING, dtype=kind)
        filled = np.repeat(np.array(self._values[name], dtype=kind), np.diff(list(places) + [count]))
        return np.concatenate([np.full(places[0], NOTHING, dtype=kind), filled])
