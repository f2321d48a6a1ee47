"""The published tables with ours in them, as text: for each row ours, the published, their ratio and a verdict."""

from typing import Any

import pandas as pd

from harness.quantities import NONE, significant, small_percent
from harness.summary import Sheet
from results import published
from results.paper.beside import Cell, cells
from results.paper.improvement import Improvement, improvements

WORDS = {"retrain_acc": "accuracy %", "top1_acc": "top-1 %", "top5_acc": "top-5 %", "energy": "kJ",
         "flops": "FLOPs (0.05P)", "total_training_flops": "FLOPs (P)"}  # fmt: skip
PUBLISHED = {
    "2": 'published: the row "EB Train Improv.", which compares LL (accuracy: FP32) with the strongest baseline',
    "3": 'published: the columns "Acc. Improv." of Table 3, which compare each row with the unpruned network',
}
CLAIMS = ("VGG16 as published", "<= 0.029 %", "<= 0.026 %", "", "<= 0.07 %", "")


def sheets(study: Any) -> list[Sheet]:
    """A sheet for each block of a table that the study has a cell of, the improvements, and the detection overhead."""
    found = pd.DataFrame(cells(study), columns=Cell._fields)
    blocks = found.groupby(["table", "model", "dataset"], sort=False)
    word = " (simulated)" if study.simulated else ""
    made = [_block(part, f"Table {number}: {model}, {dataset}", word) for (number, model, dataset), part in blocks]
    if not made:
        note = "no row of this study is on a model and data set of the paper's tables"
        return [Sheet("beside the published tables", ["method"], [], [note])]
    return [*made, _improvements(improvements(study), word), *_overhead(study, word)]


def _block(part: pd.DataFrame, title: str, word: str) -> Sheet:
    """Columns are metrics at ratios, or draw epochs."""
    metrics = list(dict.fromkeys(part["metric"]))
    ratios = list(dict.fromkeys(part["ratio_pct"].dropna())) or [None]
    draws = sorted(set(part["draw"]), key=lambda draw: (draw == "final", int(draw) if draw.isdigit() else 0))
    columns = [(metric, ratio, draw) for metric in metrics for ratio in ratios for draw in draws]
    lines = [line for title_, row in part.groupby("method", sort=False) for line in _lines(str(title_), row, columns)]
    marks = [mark for mark in dict.fromkeys(part["mark"]) if mark]
    notes = [f"[{mark}] {published.footnotes()[mark]}" for mark in marks]
    if part["read_off"].any():
        notes.append("~ was read off Figure 1, to about 0.1, because the cell itself could not be read")
    if (part["kind"] == "composed").any():
        notes.append("composed: joules of a steady epoch x epochs, as the paper's own kJ; not metered to the end")
    header = ["row"] + [_column(*column, word) for column in columns] + [""]
    return Sheet(title, header, lines, notes)


def _column(metric: str, ratio: float | None, draw: str, word: str) -> str:
    parts = [WORDS[metric] + (word if metric == "energy" else "")]
    parts += [f"p={ratio:g} %"] if ratio is not None and ratio == ratio else []
    parts += [f"drawn at {draw}"] if draw else []
    return " ".join(parts)


def _lines(title: str, row: pd.DataFrame, columns: list[tuple]) -> list[list[str]]:
    at = {
        (cell.metric, None if pd.isna(cell.ratio_pct) else cell.ratio_pct, cell.draw): cell for cell in row.itertuples()
    }
    found = [at.get(column) or at.get((column[0], None, column[2])) for column in columns]
    ours = [title, *(NONE if c is None else _kind(significant(c.ours), c.kind) for c in found), ""]
    printed = ["  published", *(NONE if c is None else _printed(c) for c in found), ""]
    quotient = ["  ours / published", *(NONE if c is None else significant(c.ours / c.published, 3) for c in found), ""]
    return [ours, printed, quotient, ["  verdict", *("" if c is None else c.verdict for c in found), ""]]


def _kind(text: str, kind: str) -> str:
    return f"{text} {kind}" if kind in ("composed", "emulated", "estimated") else text


def _printed(cell: Any) -> str:
    return ("~" if cell.read_off else "") + f"{cell.published:g}" + (f" [{cell.mark}]" if cell.mark else "")


def _improvements(found: list[Improvement], word: str) -> Sheet:
    """Of each row what it is compared with, and the published cell where the paper compares the same."""
    several = len({(one.model, one.dataset) for one in found}) > 1
    header = ["method", f"improvement{word}", "95 % interval", "published", ""]
    lines = []
    for one in found:
        ratio = "" if one.ratio_pct is None else f" p={one.ratio_pct:g} %"
        task = f" {one.model} {one.dataset}" if several else ""
        against = f"strongest baseline: {one.against}" if one.strongest else one.against
        unit = " points" if one.metric.endswith("_acc") else "x"
        text = f"{one.value:+.2f}{unit}" if one.metric.endswith("_acc") else f"{one.value:.2f}{unit}"
        printed = NONE if one.published is None else f"{one.published:g}{unit}" + (f" [{one.mark}]" if one.mark else "")
        between = NONE if one.low is None or one.high is None else f"{one.low:.2f} to {one.high:.2f}"
        label = f"{one.method}{task}{ratio}: {WORDS[one.metric]}"
        lines.append([label, _kind(text, one.kind), between, printed, f"against {against}"])
    marks = [mark for mark in dict.fromkeys(one.mark for one in found) if mark]
    notes = [f"[{mark}] {published.footnotes()[mark]}" for mark in marks]
    notes += [note for number, note in PUBLISHED.items() if any(one.table == number for one in found)]
    return Sheet("improvement", header, lines, notes if lines else ["the study has no baseline to compare with"])


def _overhead(study: Any, word: str) -> list[Sheet]:
    """The detection overhead as the paper counts it, and as one who pays for the search would."""
    rows = [row for row in study.runs.rows() if row.detection is not None]
    if not rows:
        return []
    header = ["row", "memory, of the weights", "FLOPs, of one forward pass", "FLOPs, of the search"]
    header += [f"energy{word}, of one epoch", f"energy{word}, of the search"]
    lines = [
        [
            row.cell["id"],
            small_percent(row.detection.published_memory_share),
            small_percent(row.detection.flops_share_of_forward),
            small_percent(row.detection.flops_share_of_search),
            small_percent(row.detection.joules_share_of_epoch),
            small_percent(row.detection.joules_share_of_search),
        ]
        for row in rows
    ]
    notes = ["memory counts 4 bytes per gamma; a search has one detection after each of its epochs"]
    return [Sheet("finding the ticket, beside the published claims", header, [*lines, list(CLAIMS)], notes)]
