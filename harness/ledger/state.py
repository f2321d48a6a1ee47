"""The machine's state during a stage, once a second: read from state.jsonl, one record for each attempt."""

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import numpy as np

from harness.errors import UserError

LARGEST_BYTES = 1 << 29
OFFLINE_C = -40.0  # a temperature sensor that is off says -256


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
    path = Path(path)
    if not path.is_file():
        return []
    if path.stat().st_size > LARGEST_BYTES:
        raise UserError(f"{path} is larger than any run writes ({LARGEST_BYTES >> 20} MB): it holds no board state")
    text = path.read_bytes().rpartition(b"\n")[0]
    try:
        lines = json.loads("[" + text.decode("utf-8").replace("\n", ",") + "]")
        heads = [index for index, line in enumerate(lines) if "gauges" in line]
        return [_state(lines[start:stop]) for start, stop in zip(heads, heads[1:] + [len(lines)])]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): restore it from a copy, or remove it") from error


def _state(lines: List[Dict[str, Any]]) -> State:
    head = lines[0]
    gauges = {str(name): dict(gauge) for name, gauge in head["gauges"].items()}
    t_ns = np.array([line["t_ns"] for line in lines], dtype=np.int64)
    return State(int(head["attempt"]), t_ns, {name: _column(lines, name) for name in gauges}, gauges)


def _column(lines: List[Dict[str, Any]], name: str) -> np.ndarray:
    """The values of a gauge: a line that does not name it repeats the one before."""
    at = [index for index, line in enumerate(lines) if name in line]
    if not at:
        return np.full(len(lines), np.nan)
    values = np.array([lines[index][name] for index in at], dtype=np.float64)  # null becomes NaN
    filled = np.repeat(values, np.diff(at + [len(lines)]))
    return np.concatenate([np.full(at[0], np.nan), filled])
