"""Rows of a frame as JSON holds them: with every digit, and null for what is not known."""

import math
from typing import Any

import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """`DataFrame.to_json` would round to ten decimals: joules per FLOP, some 1e-11, would be 0."""
    known = frame.astype(object).where(frame.notna() & ~frame.isin([math.inf, -math.inf]), None)
    return [{str(name): value for name, value in row.items()} for row in known.to_dict("records")]
