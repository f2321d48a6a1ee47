"""The energy of one window on one meter: a figure that its samples bear, or the reason why there is none."""

from typing import Any, NamedTuple, Optional, Tuple

from meters.errors import MeterError

FEWEST_PERIODS = 30  # a window's edges fall between samples; with fewer of them that shows in the figure


class Energy(NamedTuple):
    """`energy_J` and `mean_W` are None where there is a `reason`; `coverage` is the share that samples cover."""

    meter: str
    boundaries: Tuple[str, ...]
    simulated: bool
    seconds: float
    energy_J: Optional[float]
    mean_W: Optional[float]
    coverage: float
    reason: Optional[str]


def energy(trace: Any, meter: str, start_ns: int, stop_ns: int) -> Energy:
    """Energy of the whole input between two times, from an opened trace (`meters.trace.Trace`)."""
    seconds = (stop_ns - start_ns) / 1e9
    coverage, joules, reason = 0.0, None, None
    try:
        coverage = trace.coverage(start_ns, stop_ns)
        joules, reason = _joules(trace, meter, start_ns, stop_ns, coverage)
    except (MeterError, ValueError) as error:
        reason = f"meter {meter}: {error}"
    mean_W = joules / seconds if joules is not None else None
    boundaries = tuple(sorted({one.boundary for one in trace.channels if one.name in trace.total}))
    return Energy(meter, boundaries, trace.simulated, seconds, joules, mean_W, coverage, reason)


def without(meter: str, seconds: float, reason: str, simulated: bool = False) -> Energy:
    """A window that has no figure on a meter."""
    return Energy(meter, (), simulated, seconds, None, None, 0.0, reason)


def _joules(
    trace: Any, meter: str, start_ns: int, stop_ns: int, coverage: float
) -> Tuple[Optional[float], Optional[str]]:
    fewest_s = FEWEST_PERIODS * trace.period_s
    if stop_ns - start_ns < fewest_s * 1e9:
        return None, (
            f"{(stop_ns - start_ns) / 1e9:.3g} s is too short for meter {meter}: it has a sample each "
            f"{trace.period_s:g} s and a figure needs {FEWEST_PERIODS} of them, {fewest_s:g} s; repeat the work"
        )
    if coverage < 1:
        return None, f"meter {meter} covers {100 * coverage:.3g} % of the window only"
    return trace.energy_J(start_ns, stop_ns), None
