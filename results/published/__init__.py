"""The published tables as data, and the arithmetic that reproduces their FLOPs and energies."""

import math
from pathlib import Path

import pandas as pd

from harness.errors import UserError
from harness.ledger.flops import TABLE_UNIT

TABLES = ("1", "2", "3", "4")
FOLDER = Path(__file__).parent
IMAGENET_IMAGES = 1281167
CELL = ["model", "dataset", "method", "ratio_pct"]
QUANTITIES = {"flops": "flops", "total_training_flops": "flops", "energy": "energy"}


def table(number: str) -> pd.DataFrame:
    """A published table in long form, every cell as printed; NaN where it could not be read."""
    if number not in TABLES:
        raise UserError(f"no published table {number!r}; there are: {', '.join(TABLES)}", code=2)
    return pd.read_csv(FOLDER / f"table{number}.csv")


def footnotes() -> dict[str, str]:
    """Why a marked cell contradicts the rest of the paper."""
    return dict(pd.read_csv(FOLDER / "footnotes.csv").itertuples(index=False, name=None))


def figure_1() -> pd.DataFrame:
    """Figure 1 as read off the picture: accuracies in percent, to about 0.1."""
    return pd.read_csv(FOLDER / "fig1.csv")


def recompute() -> pd.DataFrame:
    """Every FLOPs and energy cell of tables 2 and 3: printed, recomputed from epochs, and the deviation in percent.

    `provenance`: "counted", "decoded", or "no recipe" where the printed figure follows no accounting that is known.
    """
    recipes = pd.read_csv(FOLDER / "recipes.csv", dtype={"table": str})
    recipes["recomputed"] = [
        scaled(total(terms), unit, number) for terms, unit, number in recipes[["terms", "unit", "table"]].values
    ]
    recipes = recipes.drop(columns="unit")
    printed = pd.concat([table("2").assign(table="2"), table("3").assign(table="3")], ignore_index=True)
    printed = printed.assign(quantity=printed["metric"].map(QUANTITIES)).dropna(subset="quantity")
    printed = printed.rename(columns={"value": "printed"}).drop(columns="metric")
    found = printed.merge(recipes, on=["table", *CELL, "quantity"], how="left", validate="one_to_one")
    found["provenance"] = found["provenance"].fillna("no recipe")
    found["deviation_pct"] = 100 * (found["recomputed"] / found["printed"].astype(float) - 1)
    order = [
        "table",
        *CELL,
        "quantity",
        "printed",
        "recomputed",
        "unit",
        "deviation_pct",
        "provenance",
        "terms",
        "mark",
    ]
    return found[order].fillna({"mark": "", "terms": ""})


def total(terms: str) -> float:
    """A sum of products such as `23*0.63+137*0.51`: epochs times what one costs."""
    return math.fsum(math.prod(map(float, term.split("*"))) for term in terms.split("+"))


def scaled(amount: float, unit: str, number: str) -> float:
    """Epochs x forward GFLOPs as training FLOPs in the table's unit; kJ stay."""
    if unit != "G":
        return amount
    return 3 * IMAGENET_IMAGES * amount * 1e9 / 1e15 if number == "3" else 3 * 50000 * amount * 1e9 / TABLE_UNIT


def agreement(frame: pd.DataFrame) -> list[str]:
    """How far the recomputed cells agree with the printed ones, in sentences."""
    found = []
    for (number, quantity), cells in frame[frame["recomputed"].notna()].groupby(["table", "quantity"]):
        limit = {"flops": 0.6, "energy": 0.3}[quantity] if number == "2" else 0.001
        close = cells["deviation_pct"].abs() <= limit
        name = {"flops": "FLOPs", "energy": "energy"}[quantity]
        words = f"Table {number}: {close.sum()} of {len(cells)} {name} cells agree within {limit:g} %"
        off = [f"{' '.join(map(_word, cell[:4]))} by {cell[4]:+.1f} %" for cell in _cells(cells[~close])]
        found.append(words + (f"; off are {', '.join(off)}." if off else "."))
    missing = frame[frame["recomputed"].isna()]
    found.append(f"{len(missing)} energy cells (NS and ThiNet) follow no accounting that is known.")
    return found


def _cells(cells: pd.DataFrame) -> list[tuple]:
    return list(cells[[*CELL, "deviation_pct"]].itertuples(index=False, name=None))


def _word(value: object) -> str:
    return f"{value:g} %" if isinstance(value, float) else str(value)
