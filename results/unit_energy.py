"""By how much 8-bit arithmetic is cheaper than FP32, from a table of energies per operation."""

import csv
from pathlib import Path

from harness.errors import UserError

OPERATIONS = ("fp32_multiply", "fp32_add", "int8_multiply", "int8_add")


def factor(path: Path | str) -> float:
    """The energy of an 8-bit multiply-accumulate over that of an FP32 one.

    The table is a CSV file with the columns operation and energy_pJ and the operations of OPERATIONS; others in it are
    left alone.  A missing or impossible one raises UserError.
    """
    energies = _read(Path(path))
    for name in OPERATIONS:
        if not 0 < energies.get(name, 0.0) < float("inf"):
            raise UserError(
                f"{path} gives no energy for {name}: it needs the columns operation,energy_pJ and the rows "
                f"{', '.join(OPERATIONS)}, each above 0",
                code=2,
            )
    eight, full = (energies[kind + "_multiply"] + energies[kind + "_add"] for kind in ("int8", "fp32"))
    return eight / full


def _read(path: Path) -> dict[str, float]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return {str(row.get("operation")).strip(): _number(row.get("energy_pJ")) for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is no table of unit energies: {error}", code=2) from error


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return 0.0
