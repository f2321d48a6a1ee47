"""Compare two ways of doing one thing: interleaved pairs in one process, the median ratio with its 95 % interval.

Also the JSON lines that all benchmarks print.
"""

import json
import math
import statistics
import time
from typing import Any, Callable, NamedTuple, Sequence, Tuple


class Comparison(NamedTuple):
    """`ratio`: median over the pairs of work / reference; `low`, `high`: its distribution-free 95 % interval."""

    ratio: float
    low: float
    high: float
    work_s: float  # medians
    reference_s: float
    pairs: int

    def line(self, name: str, limit: float) -> str:
        """Within the limit is the whole interval or nothing."""
        return said(name, limit=limit, ok=self.high <= limit, **self._asdict())


def said(name: str, **found: Any) -> str:
    """The JSON line of a benchmark."""
    return json.dumps({"benchmark": name, **found})


def line(name: str, value: float, limit: float, **further: float) -> str:
    """The JSON line of one value, with whether it lies within the limit."""
    return said(name, limit=limit, ok=value <= limit, value=value, **further)


def compare(
    work: Callable[[], object],
    reference: Callable[[], object],
    pairs: int = 20,
    clock: Callable[[], float] = time.process_time,
) -> Comparison:
    """Call both in turn and take the seconds of `clock`; who is first alternates."""
    times = []
    for pair in range(pairs):
        if pair % 2:
            times.append((_seconds(work, clock), _seconds(reference, clock)))
        else:
            times.append((_seconds(reference, clock), _seconds(work, clock))[::-1])
    works, references = zip(*times)
    interval = median_interval([ours / theirs for ours, theirs in times])
    return Comparison(*interval, statistics.median(works), statistics.median(references), pairs)


def median_interval(values: Sequence[float]) -> Tuple[float, float, float]:
    """The median, and the order statistics that enclose the true one with at least 95 %; needs 6 values."""
    ordered, n = sorted(values), len(values)
    rank, outside = 0, _below(n, 0)
    while outside <= 0.025:
        rank += 1
        outside += _below(n, rank)
    if rank == 0:
        raise ValueError(f"{n} values cannot enclose a median with 95 %: take 6 or more")
    return statistics.median(ordered), ordered[rank - 1], ordered[n - rank]


def _below(n: int, k: int) -> float:
    """The chance that exactly k of n values lie below their median."""
    return math.factorial(n) // (math.factorial(k) * math.factorial(n - k)) / 2**n


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    begin = clock()
    work()
    return clock() - begin
