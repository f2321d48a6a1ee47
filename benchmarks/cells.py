"""What a table of 500 cells costs, each with a stage of its own: from reading their directories to the frame."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Dict

from benchmarks import recorded
from benchmarks.paired import line
from harness import rundir

CELLS, STAGE_S, RATE_HZ, EPOCHS = 500, 600.0, 10.0, 10
LIMIT_S = 2.0


def study(out: Path) -> Path:
    """A study of 500 dense trainings of ten minutes, ten epochs and 6,000 samples each.  Returns its folder."""
    machine = rundir.Machine(out, "bench-000000")
    cells = []
    for number in range(CELLS):
        stage = f"{number:012x}"
        recorded.stage(machine.rep(stage, 1), "train", range(EPOCHS), STAGE_S, RATE_HZ, 1)
        cells.append(_cell(number, stage))
    folder = machine.study("many")
    content = {"schema": 1, "study": "many", "repetitions": 1, "cells": cells}
    rundir.write(folder.cells, lambda file: file.write(json.dumps(content).encode()))
    return folder.folder


def _cell(seed: int, stage: str) -> Dict[str, Any]:
    return {
        "id": f"dense-seed{seed}", "method": "dense", "label": "dense", "model": "vgg16", "dataset": "cifar10",
        "ratio": None, "seed": seed, "options": {}, "charges": [{"stage": stage, "role": "train", "until": None}],
    }  # fmt: skip


def main() -> None:
    import results

    with tempfile.TemporaryDirectory() as folder:
        path = study(Path(folder))
        begin = time.process_time()
        cells = results.load(path).cells
        seconds = time.process_time() - begin
    assert len(cells) == CELLS and cells["energy_J"].notna().all()
    print(line("500 cells listed", seconds, LIMIT_S))


if __name__ == "__main__":
    main()
