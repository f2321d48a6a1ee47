"""FLOPs as a frame: what each cell's training takes, in the units and conventions in which people count."""

from typing import Any

import pandas as pd

from harness.ledger import Row, StudyRuns, charges
from harness.ledger.flops import TABLE_UNIT


def frame(study: StudyRuns) -> pd.DataFrame:
    """One row for each stage that a cell is charged, and for the cell as a whole (`role` is then "total").

    A cell with a stage that has no result yet has no total.

    `flops` counts as the published tables do; `flops_mac2` counts 2 per multiply-accumulate of convolutions and
    linear layers only; `flops_rounded` takes forward FLOPs to 0.01 G first, as the published cells were made.
    """
    return pd.DataFrame([line for row in study.rows() for line in _lines(study, row)])


def _lines(study: StudyRuns, row: Row) -> list[dict[str, Any]]:
    lines = []
    for item in row.cell["charges"]:
        run = study.run(item["stage"], row.repetition)
        if run is None or not run.result:
            continue
        epochs, forward, images = charges.epochs(item, run) or 0, run.result["forward_flops"], run.result["images"]
        rounded = round(forward["paper"] / 1e9, 2) * 1e9
        lines.append(
            {
                "cell": row.cell["id"],
                "repetition": row.repetition,
                "role": item["role"],
                "epochs": epochs,
                "images": images,
                "forward_flops": forward["paper"],
                "flops": 3 * images * epochs * forward["paper"],
                "flops_rounded": 3 * images * epochs * rounded,
                "flops_mac2": 3 * images * epochs * forward["mac2"],
            }
        )
    counts = ("epochs", "flops", "flops_rounded", "flops_mac2")
    total = {"cell": row.cell["id"], "repetition": row.repetition, "role": "total"}
    whole = len(lines) == len(row.cell["charges"])
    lines.append(total | {name: sum(line[name] for line in lines) if whole else None for name in counts})
    return [line | {"flops_0.05P": None if line["flops"] is None else line["flops"] / TABLE_UNIT} for line in lines]
