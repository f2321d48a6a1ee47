"""A study's frames as files for notebooks and other programs."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from results import flops, output
from results.records import records

SCHEMA = 1
FRAMES = ("cells", "phases", "epochs", "windows", "detection", "budgets", "flops")
FORMATS = ("csv", "parquet", "json")


def write(study: Any, folder: Path, kind: str) -> list[Path]:
    """Write every frame of a study (`results.Study`) as `<name>.<kind>`, and schema.json with columns and types."""
    frames = {name: flops.frame(study.runs) if name == "flops" else getattr(study, name) for name in FRAMES}
    written = [_write(frame, folder / f"{name}.{kind}", kind) for name, frame in frames.items()]
    columns = {name: {column: str(kind) for column, kind in frame.dtypes.items()} for name, frame in frames.items()}
    schema = json.dumps({"schema": SCHEMA, "study": study.name, "frames": columns}, indent=1) + "\n"
    return [*written, output.write(folder / "schema.json", schema)]


def _write(frame: pd.DataFrame, path: Path, kind: str) -> Path:
    output.target(path)
    if kind == "csv":
        frame.to_csv(path, index=False, lineterminator="\n")
    elif kind == "parquet":
        frame.to_parquet(path, index=False)
    else:
        path.write_text(json.dumps({"schema": SCHEMA, "rows": records(frame)}, indent=1) + "\n")
    return path
