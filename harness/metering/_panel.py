"""What `harness meters watch` shows on a terminal."""

from typing import Any, List, Optional

from rich.panel import Panel
from rich.table import Table

from harness.quantities import significant

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 60


def panel(meter: Any, state: Any, history: List[Optional[float]], word: str) -> Panel:
    """Power now, its course over the last half minute, and the latest value of every column."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("power", f"[bold]{significant(state.watts)} W[/bold]{word}")
    grid.add_row("from, to", f"{significant(state.least)} W, {significant(state.most)} W")
    grid.add_row("course", sparkline(history[-WIDTH:]))
    grid.add_row("rate", f"{state.rate_Hz:.1f} Hz")
    for name, value in zip(meter.columns, state.values):
        grid.add_row(name, significant(value))
    return Panel(grid, title="Ctrl-C ends", expand=False)


def sparkline(values: List[Optional[float]]) -> str:
    """A bar for each value between the least and the most; a space where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    top = len(BARS) - 1
    return "".join(" " if value is None else BARS[round(top * (value - low) / span)] for value in values)
