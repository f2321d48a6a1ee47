"""What executions of a command cost on one meter: each, their mean, and what is left without the rest."""

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from harness.measuring.energy import Energy
from harness.measuring.series import Series
from meters import calibration


class Execution(NamedTuple):
    """`net_J`: without what the machine at rest would have used in the same time; None where rest was not measured."""

    energy: Energy
    net_J: Optional[float]
    status: int


class Figures(NamedTuple):
    """Of one meter.  `mean_J` and `deviation_J` (sample standard deviation) are None where any execution has no figure
    or there is only one."""

    meter: str
    boundaries: Sequence[str]
    simulated: bool
    idle_W: Optional[float]
    executions: List[Execution]
    mean_J: Optional[float]
    mean_net_J: Optional[float]
    deviation_J: Optional[float]
    reasons: List[str]
    calibration: str = ""  # the file that readings were corrected by


def figures(series: Series) -> List[Figures]:
    """One for each meter, the headline meter first."""
    return [_figures(series, index) for index in range(len(series.meters))]


def _figures(series: Series, index: int) -> Figures:
    described = series.meters[index]
    idle = series.idle[index] if series.idle else None
    energies = [energies[index] for energies in series.executions]
    executions = [Execution(energy, _net(energy, idle), status) for energy, status in zip(energies, series.statuses)]
    total = [one for one in described["channels"] if one["name"] in described["total"]]
    return Figures(
        described["name"],
        sorted({channel["boundary"] for channel in total}),
        described["simulated"],
        idle.mean_W if idle else None,
        executions,
        mean([one.energy.energy_J for one in executions]),
        mean([one.net_J for one in executions]),
        deviation([one.energy.energy_J for one in executions]),
        [energy.reason for energy in ([idle] if idle else []) + energies if energy.reason],
        calibration.of(described["calibration"]).name if "calibration" in described else "",
    )


def _net(energy: Energy, idle: Optional[Energy]) -> Optional[float]:
    if energy.energy_J is None or idle is None or idle.mean_W is None:
        return None
    return energy.energy_J - idle.mean_W * energy.seconds


def mean(values: Sequence[Optional[float]]) -> Optional[float]:
    """None where any value is missing, and without values."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def deviation(values: Sequence[Optional[float]]) -> Optional[float]:
    """Sample standard deviation; None with fewer than two values or where one is missing."""
    centre = mean(values)
    if centre is None or len(values) < 2:
        return None
    return math.sqrt(sum((value - centre) ** 2 for value in values if value is not None) / (len(values) - 1))


def as_json(series: Series) -> Dict[str, Any]:
    """SI units, a unit in each name."""
    return {
        "schema": 1,
        "command": list(series.plan.command),
        "status": series.status,
        "simulated": series.simulated,
        "recorder": series.scheduling,
        "meters": [_plain(one, series.statistics.get(one.meter)) for one in figures(series)],
    }


def _plain(found: Figures, statistics: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    return {
        "meter": found.meter,
        "boundaries": list(found.boundaries),
        "simulated": found.simulated,
        "calibration": found.calibration,
        "idle_W": found.idle_W,
        "energy_J": found.mean_J,
        "energy_net_J": found.mean_net_J,
        "energy_deviation_J": found.deviation_J,
        "executions": [_plain_execution(one) for one in found.executions],
        "reasons": found.reasons,
        "statistics": statistics,
    }


def _plain_execution(execution: Execution) -> Dict[str, Any]:
    energy = execution.energy
    return {
        "time_s": energy.seconds,
        "energy_J": energy.energy_J,
        "energy_net_J": execution.net_J,
        "mean_power_W": energy.mean_W,
        "coverage": energy.coverage,
        "status": execution.status,
        "reason": energy.reason,
    }
