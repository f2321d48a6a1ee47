"""The detection overhead as a frame: memory, FLOPs and energy, against what the paper and what a user would ask for."""

from typing import Any

import pandas as pd

from harness.ledger import Row, StudyRuns


def frame(study: StudyRuns) -> pd.DataFrame:
    """One row for each cell with a detector, repetition and meter; shares are fractions."""
    return pd.DataFrame(
        [_overhead(row) for meter in study.meters or [""] for row in study.rows(meter) if row.detection is not None]
    )


def _overhead(row: Row) -> dict[str, Any]:
    cost = row.detection
    assert cost is not None
    return {
        "cell": row.cell["id"],
        "repetition": row.repetition,
        "meter": row.energy.meter,
        "simulated": cost.simulated,
        "gammas": cost.gammas,
        "detections": cost.detections,
        "memory_B": cost.memory_bytes,
        "memory_as_published_B": cost.published_memory_bytes,
        "weights_B": cost.weight_bytes,
        "memory_share_of_weights": cost.memory_share,
        "memory_as_published_share_of_weights": cost.published_memory_share,
        "flops_each": cost.flops,
        "flops_share_of_one_forward_pass": cost.flops_share_of_forward,
        "flops_share_of_search": cost.flops_share_of_search,
        "time_each_s": cost.seconds,
        "energy_each_J": cost.joules,
        "energy_share_of_one_epoch": cost.joules_share_of_epoch,
        "energy_share_of_search": cost.joules_share_of_search,
        "why_no_energy": cost.reason or "",
    }
