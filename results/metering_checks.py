"""Doubts that measurements themselves raise: drift, stale sensors, meters that disagree, a first run that differs."""

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from harness.ledger import Row, StudyRuns
from harness.quantities import kilojoules, significant
from meters.base import BOUNDARIES
from meters.errors import MeterError
from meters.trace_format import FLAG_STALE
from results.methods import Method, methods
from results.statistics import deviation, t95
from results.uncertainty.budget import Interval, ratio
from results.uncertainty.cells import Energy, Key, key

DRIFT = 0.05  # of the idle power
MOSTLY_STALE = 0.5
STUCK_PERIODS, STUCK_S = 30, 5.0
FIRST_DIFFERS = 0.01  # less is of no interest, however regular the others are

Energies = Mapping[Key, Energy]


def drift(study: StudyRuns, energies: Energies) -> list[str]:
    """Idle power after the work against that before it, the row where it moved most."""
    found = []
    for meter in study.meters:
        moved = {
            cell: (energy.idle_W, energy.idle_after_W)
            for (cell, _, name), energy in energies.items()
            if name == meter and energy.idle_W and energy.idle_after_W is not None
        }
        shares = {cell: after / before - 1 for cell, (before, after) in moved.items()}
        worst = max(shares, key=lambda cell: abs(shares[cell]), default=None)
        if worst is not None and abs(shares[worst]) > DRIFT:
            before, after = moved[worst]
            found.append(
                f"Idle power on meter {meter} drifted around the work of {worst}: {significant(before, 3)} W before, "
                f"{significant(after, 3)} W after it ({100 * shares[worst]:+.1f} %); net of idle is less sure by it."
            )
    return found


def lost_in_idle(study: StudyRuns, energies: Energies) -> list[str]:
    """Figures net of idle that cannot be told from nothing: tables print them without their interval."""
    found = []
    for meter in study.meters:
        nets = {cell: energy.net_interval for (cell, _, name), energy in energies.items() if name == meter}
        told = {cell: net for cell, net in nets.items() if net is not None and net.low <= 0}
        for cell, net in list(told.items())[:1]:
            interval = f"95 % interval {kilojoules(net.low)} to {kilojoules(net.high)} kJ"
            found.append(
                f"Net of idle, {cell} may have taken nothing on meter {meter}: {kilojoules(net.value)} kJ ({interval})."
                + _more(len(told) - 1)
            )
    return found


def _more(count: int) -> str:
    return f" The same holds for {count} more." if count else ""


def stale(study: StudyRuns, energies: Energies) -> list[str]:
    """Sensors that say the same again: read more often than they refresh, or stuck."""
    return [sentence for run in study.runs() for meter in run.meters for sentence in _stale(run, meter)]


def _stale(run, meter: str) -> list[str]:  # type: ignore[no-untyped-def]
    found = []
    for attempt in run.attempts:
        try:
            trace = run.open_trace(meter, attempt.number)
        except MeterError:
            continue
        repeats = (trace.flags & FLAG_STALE).astype(bool)
        share, stuck_s = float(repeats.mean()), _longest_s(trace.t_ns, repeats)
        where = f"meter {meter} in attempt {attempt.number} of stage {run.name}"
        if stuck_s > max(STUCK_S, STUCK_PERIODS * trace.period_s):
            found.append(f"The sensor of {where} said the same for {significant(stuck_s, 3)} s: was it stuck?")
        elif share > MOSTLY_STALE:
            found.append(
                f"{100 * share:.0f} % of the samples of {where} repeat the one before: the sensor refreshes less often "
                f"than each {trace.period_s:g} s at which it is read."
            )
    return found


def _longest_s(t_ns: np.ndarray, repeats: np.ndarray) -> float:
    """The longest time from a fresh sample to the last that repeats it."""
    fresh = np.flatnonzero(~repeats)
    if not len(fresh):
        return float(t_ns[-1] - t_ns[0]) / 1e9 if len(t_ns) else 0.0
    last = np.append(fresh[1:] - 1, len(t_ns) - 1)
    return float((t_ns[last] - t_ns[fresh]).max()) / 1e9


def disagreement(study: StudyRuns, energies: Energies) -> list[str]:
    """Two meters at one boundary that differ by more than their intervals, or one further in that shows more."""
    found = []
    for one, other in combinations(study.meters, 2):
        pairs = zip(study.rows(one), study.rows(other), strict=True)
        told = [words for a, b in pairs for words in [_disagree(a, b, energies)] if words]
        if told:
            found.append(told[0] + _more(len(told) - 1))
    return found


def _disagree(one: Row, other: Row, energies: Energies) -> str:
    outer, inner = sorted((one, other), key=_depth)
    quotient = _quotient(energies.get(key(inner)), energies.get(key(outer)))
    if quotient is None or quotient.low <= 1 <= quotient.high:
        return ""
    names = [f"{row.energy.meter} ({'+'.join(row.energy.boundaries)})" for row in (inner, outer)]
    interval = f"95 % interval {100 * (quotient.low - 1):+.1f} to {100 * (quotient.high - 1):+.1f} %"
    words = f"{100 * (quotient.value - 1):+.1f} % ({interval}) for {inner.cell['id']}"
    if inner.energy.boundaries == outer.energy.boundaries:
        return f"Meters {names[0]} and {names[1]} disagree beyond their uncertainties: {words}."
    if quotient.low > 1:
        return f"Meter {names[0]} shows more than meter {names[1]} in front of it: {words}."
    return ""


def _depth(row: Row) -> int:
    """How far inside the supply a row's meter sits."""
    return max((BOUNDARIES.index(boundary) for boundary in row.energy.boundaries), default=len(BOUNDARIES))


def _quotient(inner: Energy | None, outer: Energy | None) -> Interval | None:
    """None where a figure is missing, or an interval leaves the meter's accuracy out."""
    if inner is None or outer is None or inner.joules is None or not outer.joules or inner.excludes or outer.excludes:
        return None
    return ratio((inner.joules, inner.budget), (outer.joules, outer.budget))


def first_repetition(study: StudyRuns, energies: Energies) -> list[str]:
    """A first repetition outside the range that the others predict: a cold board, caches to fill."""
    found = methods(study.rows(), dict(energies))
    return [words for method in found for seed in _seeds(method) for words in [_first(method, seed)] if words]


def _seeds(method: Method) -> list[int]:
    return list(dict.fromkeys(row.cell["seed"] for row in method.rows))


def _first(method: Method, seed: int) -> str:
    rows = zip(method.rows, method.energies, strict=True)
    joules = {row.repetition: e.joules if e else None for row, e in rows if row.cell["seed"] == seed}
    others = [value for number, value in joules.items() if number != 1 and value is not None]
    first = joules.get(1)
    if first is None or len(others) < 2:
        return ""
    mean, count = sum(others) / len(others), len(others)
    half = t95(count - 1) * deviation(others) * (1 + 1 / count) ** 0.5
    if abs(first - mean) <= max(half, FIRST_DIFFERS * mean):
        return ""
    return (
        f"The first repetition of {method.name} took {kilojoules(first)} kJ, {100 * (first / mean - 1):+.1f} % against "
        f"the mean of the other {count} ({kilojoules(mean)} kJ), outside the 95 % range that they predict: was the "
        "board colder, or something still to be loaded?"
    )


CHECKS: list[Callable[[StudyRuns, Energies], list[str]]] = [drift, lost_in_idle, stale, disagreement, first_repetition]
