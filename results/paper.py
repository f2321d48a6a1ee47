"""Our rows beside the published cells: ratio and verdict per cell, and the improvement over the baselines, named."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from harness.ledger.charges import epochs
from harness.ledger.flops import TABLE_UNIT, training_flops
from harness.quantities import NONE, significant
from harness.summary import Sheet
from results import published
from results.composed import LOW_PRECISION
from results.methods import Method, compare, methods
from results.statistics import deviation, t95

MODELS = {"vgg16": "VGG16", "preresnet101": "PreResNet-101", "resnet18": "ResNet18", "resnet50": "ResNet50"}
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet"}
METHODS = {
    "lottery": "LT (one-shot)",
    "snip": "SNIP",
    "slimming": "NS",
    "thinet": "ThiNet",
    "sfp": "SFP",
    "dense": "Unpruned",
}
BASELINES = ("LT (one-shot)", "SNIP", "NS", "ThiNet")
METRICS = {"2": ("retrain_acc", "energy", "flops"), "3": ("top1_acc", "total_training_flops")}
WORDS = {"retrain_acc": "accuracy %", "top1_acc": "top-1 %", "energy": "kJ", "flops": "FLOPs (0.05P)",
         "total_training_flops": "FLOPs (P)"}  # fmt: skip
BOARD = ("tegra186", "tx2")


class Cell(NamedTuple):
    """One of our figures beside the published one; `low` and `high` are its 95 % interval, equal where it has none."""

    table: str
    model: str
    dataset: str
    method: str
    ratio_pct: float | None
    metric: str
    ours: float
    low: float
    high: float
    published: float
    verdict: str
    mark: str

    @property
    def quotient(self) -> float:
        return self.ours / self.published


def name(method: Method) -> str | None:
    """What the paper calls a method; None where it has no such row."""
    options = method.rows[0].cell["options"]
    if method.method != "early_bird":
        return METHODS.get(method.method)
    precision = str(options.get("precision", "fp32"))
    if precision in ("lf", "ll"):
        return f"EB Train ({precision.upper()})"
    if precision != "fp32":
        return None
    return "EB Train" if options.get("inherit", True) else "EB Train (re-init)"


def cells(study: Any) -> list[Cell]:
    """Every figure of a study (`results.Study`) that tables 2 and 3 have a cell for."""
    on_board = _is_tx2(study)
    found = []
    for method in methods(study.runs.rows(), study.energies):
        place = MODELS.get(method.model), DATASETS.get(method.dataset), name(method)
        number = "3" if place[1] == "ImageNet" else "2"
        if None not in place:
            found += list(_of_method(study, method, number, place, on_board))
    return found


def frame(study: Any) -> pd.DataFrame:
    """`cells` as a frame."""
    found = pd.DataFrame(cells(study), columns=Cell._fields)
    return found.assign(quotient=found["ours"] / found["published"])


def sheets(study: Any) -> list[Sheet]:
    """A sheet for each model and data set in the layout of the paper, ours above the published, and improvements."""
    found = pd.DataFrame(cells(study), columns=Cell._fields)
    blocks = found.groupby(["table", "model", "dataset"], sort=False)
    made = [_block(cells_, f"Table {number}: {model}, {dataset}") for (number, model, dataset), cells_ in blocks]
    if not made:
        note = "no row of this study is on a model and data set of the paper's tables 2 and 3"
        return [Sheet("beside the published tables", ["method"], [], [note])]
    return [*made, improvements(study)]


def improvements(study: Any) -> Sheet:
    """How many times less energy and FLOPs EB Train takes than the strongest baseline, and than LT; each is named."""
    word = " (simulated)" if study.cells["simulated"].any() else ""
    header = ["method", "against", f"energy{word}", "95 % interval", "FLOPs", "accuracy points"]
    every = [(method, name(method)) for method in methods(study.runs.rows(), study.energies)]
    lines = []
    for method, title in every:
        if title and title.startswith("EB Train"):
            rivals = [m for m, other in every if other in BASELINES and _same_task(m, method)]
            strongest = min((m for m in rivals if m.energy), key=_joules, default=None)
            lottery = next((m for m in rivals if m.method == "lottery"), None)
            lines += [_improvement(method, f"strongest baseline: {strongest.label}", strongest)] if strongest else []
            lines += [_improvement(method, "LT (one-shot)", lottery)] if lottery and lottery is not strongest else []
    return Sheet(
        "improvement of EB Train", header, lines, [] if lines else ["the study has no baseline to compare with"]
    )


def _joules(method: Method) -> float:
    return method.energy.value if method.energy else math.inf


def _improvement(method: Method, against: str, baseline: Method) -> list[str]:
    saving = compare(method, baseline)
    flops, other = method.mean([r.flops for r in method.rows]), baseline.mean([r.flops for r in baseline.rows])
    times = 1 / (1 - saving.saved.value) if saving else None
    interval = f"{1 / (1 - saving.saved.low):.2f} to {1 / (1 - saving.saved.high):.2f}" if saving else NONE
    return [
        method.name,
        against,
        NONE if times is None else f"{times:.2f}x",
        interval,
        f"{other / flops:.2f}x" if flops and other else NONE,
        NONE if saving is None or saving.accuracy is None else f"{100 * saving.accuracy:+.2f}",
    ]


def _of_method(study: Any, method: Method, number: str, place: tuple, on_board: bool) -> Iterator[Cell]:
    table = published.table(number)
    rows = table[(table["model"] == place[0]) & (table["dataset"] == place[1]) & (table["method"] == place[2])]
    for metric in METRICS[number]:
        at_ratio = rows["ratio_pct"].isna() if method.ratio is None else rows["ratio_pct"] == round(100 * method.ratio)
        printed = rows[at_ratio & (rows["metric"] == metric)]
        ours = _ours(study, method, metric)
        if len(printed) and ours is not None:
            value, mark = float(printed["value"].iloc[0]), printed["mark"].iloc[0]
            verdict = _verdict(ours, value, metric, on_board, method)
            mark = mark if isinstance(mark, str) else ""
            model, dataset, title = place
            yield Cell(number, model, dataset, title, _percent(method), metric, *ours, value, verdict, mark)


def _ours(study: Any, method: Method, metric: str) -> tuple[float, float, float] | None:
    """(value, low, high) of a method in the unit of the table."""
    if metric in ("retrain_acc", "top1_acc"):
        return _accuracy(method)
    if metric == "energy":
        energy = method.energy
        return (energy.value / 1e3, energy.low / 1e3, energy.high / 1e3) if energy else None
    flops = method.mean([_flops(study, row) for row in method.rows])
    scale = TABLE_UNIT if metric == "flops" else 1e15
    return None if flops is None else (flops / scale,) * 3


def _accuracy(method: Method) -> tuple[float, float, float] | None:
    values = [100 * row.accuracy_final for row in method.rows if row.accuracy_final is not None]
    if not values or len(values) < len(method.rows):
        return None
    mean = sum(values) / len(values)
    half = t95(len(values) - 1) * deviation(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return mean, mean - half, mean + half


def _flops(study: Any, row: Any) -> float | None:
    """FLOPs as the paper counts them: an 8-bit search at 0.18 of its FLOPs, everything else in full."""
    if row.flops is None or not row.energy.emulated:
        return row.flops
    parts = [(item, study.runs.run(item["stage"], row.repetition)) for item in row.cell["charges"]]
    return sum(
        training_flops(run.result, epochs(item, run) or 0)
        * (LOW_PRECISION if run.emulated and item["role"] == "search" else 1)
        for item, run in parts
    )


def _verdict(ours: tuple[float, float, float], value: float, metric: str, on_board: bool, method: Method) -> str:
    _, low, high = ours
    if metric == "energy" and (method.simulated or method.emulated or not on_board):
        return "simulated" if method.simulated else "emulated" if method.emulated else "other board"
    if metric in ("flops", "total_training_flops"):
        return "within 1 %" if abs(ours[0] / value - 1) <= 0.01 else "outside 1 %"
    if low == high:
        return "one run, no interval"
    return "within uncertainty" if low <= value <= high else "outside uncertainty"


def _block(cells_: pd.DataFrame, title: str) -> Sheet:
    ratios = list(dict.fromkeys(cells_["ratio_pct"].dropna())) or [None]
    metrics = list(dict.fromkeys(cells_["metric"]))
    header = ["method"] + [f"{WORDS[m]} p={r:g}" if r is not None else WORDS[m] for m in metrics for r in ratios] + [""]
    lines = []
    for method, row in cells_.groupby("method", sort=False):
        at = {(cell.metric, cell.ratio_pct): cell for cell in row.itertuples()}
        whole = {cell.metric: cell for cell in row.itertuples() if pd.isna(cell.ratio_pct)}
        found = [at.get((metric, ratio)) or whole.get(metric) for metric in metrics for ratio in ratios]
        lines.append([str(method)] + [NONE if c is None else significant(c.ours) for c in found] + [""])
        lines.append(["  published"] + [NONE if c is None else f"{c.published:g}{_star(c)}" for c in found] + [""])
        lines.append(
            ["  ours / published"] + [NONE if c is None else f"{c.ours / c.published:.3f}" for c in found] + [""]
        )
        lines.append(["  verdict"] + ["" if c is None else c.verdict for c in found] + [""])
    notes = published.footnotes()
    return Sheet(title, header, lines, [f"[{mark}] {notes[mark]}" for mark in dict.fromkeys(cells_["mark"]) if mark])


def _star(cell: Any) -> str:
    return f" [{cell.mark}]" if cell.mark else ""


def _percent(method: Method) -> float | None:
    return None if method.ratio is None else 100 * method.ratio


def _same_task(one: Method, other: Method) -> bool:
    same = (one.model, one.dataset) == (other.model, other.dataset)
    return same and one.ratio in (None, other.ratio)


def _is_tx2(study: Any) -> bool:
    """Whether all of a study ran on the board of the paper."""
    facts = [run.manifest.get("machine", {}) for run in study.runs.runs()]
    texts = [f"{fact.get('board', '')} {fact.get('soc', '')}".lower() for fact in facts]
    return bool(texts) and all(any(word in text for word in BOARD) for text in texts)
