"""What the emulated board draws: `const:W`, `sine`, `steps`, `cpu` or `file:PATH`."""

import math
from bisect import bisect_right
from collections import deque
from typing import Callable, Deque, Dict, Tuple

from meters.errors import MeterError

Profile = Callable[[float], float]  # seconds since the start to watts

IDLE_W, FULL_W = 4.0, 15.0  # of a board the size of a TX2
_LOAD_WINDOW_S = 0.25
_STEPS = ((3.0, 5.0), (3.0, 12.0), (2.0, 8.0))  # seconds, watts


def profile(text: str) -> Profile:
    """The profile that the text names; raises MeterError with the alternatives."""
    kind, _, argument = text.partition(":")
    if kind not in _PROFILES:
        raise MeterError(
            f"no profile {text!r}; there are: const:W, sine, steps, cpu, file:PATH (lines `seconds,watts`)"
        )
    return _PROFILES[kind](argument)


def _const(argument: str) -> Profile:
    try:
        watts = float(argument)
    except ValueError:
        raise MeterError(f"profile const:{argument} needs watts, as in const:7.5") from None
    return lambda _: watts


def _sine(_: str) -> Profile:
    """9 W +- 4 W in 4 s."""
    return lambda t_s: 9.0 + 4.0 * math.sin(2 * math.pi * t_s / 4.0)


def _steps(_: str) -> Profile:
    starts, total = [0.0], 0.0
    for seconds, _watts in _STEPS:
        total += seconds
        starts.append(total)
    return lambda t_s: _STEPS[bisect_right(starts, t_s % total) - 1][1]


def _file(path: str) -> Profile:
    """Lines `seconds,watts`, interpolated, the last value held."""
    try:
        with open(path) as file:
            points = [tuple(float(field) for field in line.split(",")) for line in file if line.strip()]
        times, watts = zip(*points)
    except (OSError, ValueError) as error:
        raise MeterError(f"profile file:{path} needs lines `seconds,watts`: {error}") from None
    if list(times) != sorted(set(times)):
        raise MeterError(f"profile file:{path}: the seconds must increase")
    return lambda t_s: _interpolate(times, watts, t_s)


def _interpolate(times: Tuple[float, ...], values: Tuple[float, ...], time_s: float) -> float:
    right = bisect_right(times, time_s)
    if right in (0, len(times)):
        return values[max(0, right - 1)]
    share = (time_s - times[right - 1]) / (times[right] - times[right - 1])
    return values[right - 1] * (1 - share) + values[right] * share


class CpuLoad:
    """The busy share of this machine's processors over the last quarter of a second."""

    def __init__(self) -> None:
        self._seen: Deque[Tuple[float, int, int]] = deque()
        self.share = 0.0

    def update(self, now_s: float) -> float:
        busy, total = _jiffies()
        self._seen.append((now_s, busy, total))
        while len(self._seen) > 2 and now_s - self._seen[1][0] >= _LOAD_WINDOW_S:
            self._seen.popleft()
        _, first_busy, first_total = self._seen[0]
        if total > first_total:
            self.share = (busy - first_busy) / (total - first_total)
        return self.share


def _cpu(_: str) -> Profile:
    load, last_s = CpuLoad(), -1.0

    def watts(t_s: float) -> float:
        nonlocal last_s
        if t_s - last_s >= _LOAD_WINDOW_S / 5:
            last_s = t_s
            load.update(t_s)
        return IDLE_W + (FULL_W - IDLE_W) * load.share

    return watts


def _jiffies() -> Tuple[int, int]:
    """Busy and all clock ticks of all processors since the boot."""
    with open("/proc/stat") as file:
        ticks = [int(field) for field in file.readline().split()[1:8]]  # without what other guests stole
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


_PROFILES: Dict[str, Callable[[str], Profile]] = {
    "const": _const,
    "sine": _sine,
    "steps": _steps,
    "cpu": _cpu,
    "file": _file,
}
