"""The published tables laid out as in the paper: a row for each method, a column for each ratio or draw."""

import pandas as pd

from harness.quantities import NONE, significant
from harness.summary import Sheet
from results import published

METRICS = {
    "retrain_acc": "accuracy %",
    "retrain_acc_improv": "accuracy %",
    "energy": "kJ",
    "energy_improv": "kJ",
    "flops": "FLOPs (0.05P)",
    "flops_improv": "FLOPs (0.05P)",
    "top1_acc": "top-1 %",
    "top5_acc": "top-5 %",
    "top1_acc_improv": "top-1 change",
    "top5_acc_improv": "top-5 change",
    "total_training_flops": "FLOPs (P)",
}
TITLES = {
    "1": "Table 1: retraining accuracy by learning rate schedule and draw epoch",
    "2": "Table 2: retraining accuracy, energy and training FLOPs by method and ratio",
    "3": "Table 3: ResNet18 and ResNet50 on ImageNet",
    "4": "Table 4: retraining accuracy by initial learning rate and draw epoch",
}
SOURCE = "H. You et al., ICLR 2020; every cell as printed"


def cells() -> pd.DataFrame:
    """Every printed cell of the four tables, in long form."""
    return pd.concat([published.table(number).assign(table=number) for number in published.TABLES], ignore_index=True)


def sheets() -> list[Sheet]:
    """A sheet for each table, or for each block of a large one."""
    return [sheet for number in published.TABLES for sheet in _table(number)]


def recomputed(frame: pd.DataFrame) -> Sheet:
    """`published.recompute` as a sheet, deviations in percent."""
    header = ["", "ratio %", "quantity", "printed", "recomputed", "deviation %", "unit", "provenance", "from", ""]
    lines = [
        [
            f"Table {row.table} {row.model} {row.dataset} {row.method}",
            NONE if pd.isna(row.ratio_pct) else f"{row.ratio_pct:g}",
            row.quantity,
            f"{row.printed:g}",
            NONE if pd.isna(row.recomputed) else significant(row.recomputed, 5),
            NONE if pd.isna(row.deviation_pct) else f"{row.deviation_pct:+.2f}",
            row.unit,
            row.provenance,
            row.terms,
            f"[{row.mark}]" if row.mark else "",
        ]
        for row in frame.itertuples()
    ]
    notes = published.agreement(frame) + [
        "counted: published epochs x forward FLOPs of our own counter, to 0.01 G",
        "decoded: epochs, FLOPs or joules per epoch inferred by fitting the printed cells",
        *_footnotes(frame["mark"]),
    ]
    return Sheet("Published FLOPs and energies, recomputed from epochs", header, lines, notes)


def _table(number: str) -> list[Sheet]:
    frame = published.table(number)
    if number in ("1", "4"):
        return [_draws(frame, number)]
    return [
        _methods(block, f"{TITLES[number]}: {model}, {dataset}")
        for (model, dataset), block in frame.groupby(["model", "dataset"], sort=False)
    ]


def _draws(frame: pd.DataFrame, number: str) -> Sheet:
    """Tables 1 and 4: a row for each model, data set and schedule, a column for each draw epoch."""
    setting = "lr_schedule" if number == "1" else "initial_lr"
    epochs = list(dict.fromkeys(frame["draw_epoch"]))
    lines = []
    for key, row in frame.groupby(["model", "dataset", setting], sort=False):
        values = row.set_index("draw_epoch")
        lines.append([" ".join(key)] + [_draw_cell(values.loc[epoch]) for epoch in epochs])
    notes = [SOURCE, "~ stands for a cell that could not be read, with the value of Figure 1 instead (to about 0.1)"]
    return Sheet(TITLES[number], ["row"] + [f"epoch {epoch}" for epoch in epochs], lines, notes)


def _draw_cell(row: pd.Series) -> str:
    if pd.notna(row["value"]):
        return f"{row['value']:.2f}"
    return NONE if pd.isna(row["read_off_figure_1"]) else f"~{row['read_off_figure_1']:.1f}"


def _methods(block: pd.DataFrame, title: str) -> Sheet:
    """Tables 2 and 3: a row for each method, metric by metric a column for each ratio."""
    block = block.assign(column=block["metric"].map(METRICS))
    ratios = sorted(block["ratio_pct"].dropna().unique())
    metrics = list(dict.fromkeys(block["column"]))
    header = ["method"] + [f"{metric} p={ratio:g}" for metric in metrics for ratio in ratios]
    lines = []
    for method, row in block.groupby("method", sort=False):
        found = {(cell.column, cell.ratio_pct): cell for cell in row.itertuples()}
        whole = {cell.column: cell for cell in row.itertuples() if pd.isna(cell.ratio_pct)}
        values = [found.get((metric, ratio)) or whole.get(metric) for metric in metrics for ratio in ratios]
        lines.append([str(method)] + [_cell(value) for value in values])
    return Sheet(title, header, lines, [SOURCE, *_footnotes(block["mark"])])


def _cell(cell) -> str:  # type: ignore[no-untyped-def]
    if cell is None or pd.isna(cell.value):
        return NONE
    number = f"{cell.value:+.2f}" if "acc_improv" in cell.metric else f"{cell.value:g}"
    if cell.unit == "%":
        number = f"{cell.value:.2f}"
    return (
        number
        + ("x" if cell.unit == "x" else "")
        + (f" [{cell.mark}]" if isinstance(cell.mark, str) and cell.mark else "")
    )


def _footnotes(marks: pd.Series) -> list[str]:
    texts = published.footnotes()
    return [f"[{mark}] {texts[mark]}" for mark in dict.fromkeys(marks.dropna()) if mark]
