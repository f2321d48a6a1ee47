"""What was published of a row: its accuracy, after how many epochs its ticket was drawn, joules per epoch on a TX2."""

import csv
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

FILE = Path(__file__).parent / "rows.csv"
SOURCE = "published, TX2"
LOW_PRECISION = 0.18  # decoded from the paper: the energy of an 8-bit epoch over that of an FP32 one


class PublishedRow(NamedTuple):
    """A row of the published tables in SI units; what was not printed and can't be decoded is None."""

    accuracy: Optional[float]
    search_epochs: Optional[int]
    pruned_forward_flops: Optional[float]
    dense_epoch_J: Optional[float]
    pruned_epoch_J: Optional[float]


def find(model: str, dataset: str, name: str, ratio: Optional[float]) -> Optional[PublishedRow]:
    """The row called `name` (see `row_name`), None where there is none."""
    return next((_row(line) for line in _lines() if _key(line) == (model, dataset, name, ratio)), None)


def row_name(method: str, options: Dict[str, Any]) -> str:
    """What rows.csv calls a method with these options."""
    if method != "early_bird":
        return method
    if options.get("precision", "fp32") != "fp32":
        return "early_bird_" + str(options["precision"])
    return "early_bird" if options.get("inherit", True) else "early_bird_reinit"


def dense_epoch_J(model: str, dataset: str) -> Optional[float]:
    """Joules of a dense FP32 epoch, None where none follow from the published tables."""
    rows = [_row(line) for line in _lines() if (line["model"], line["dataset"]) == (model, dataset)]
    return next((row.dense_epoch_J for row in rows if row.dense_epoch_J), None)


@lru_cache(maxsize=None)
def _lines() -> List[Dict[str, str]]:
    with open(str(FILE), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _key(line: Dict[str, str]) -> Any:
    return line["model"], line["dataset"], line["row"], _number(line["ratio"])


def _row(line: Dict[str, str]) -> PublishedRow:
    accuracy, epochs, flops = (
        _number(line[name]) for name in ("accuracy_pct", "search_epochs", "pruned_forward_GFLOPs")
    )
    return PublishedRow(
        None if accuracy is None else accuracy / 100,
        None if epochs is None else int(epochs),
        None if flops is None else flops * 1e9,
        _number(line["dense_epoch_J"]),
        _number(line["pruned_epoch_J"]),
    )


def _number(text: str) -> Optional[float]:
    return float(text) if text else None
