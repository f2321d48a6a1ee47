"""What the published tables call our models, data sets and methods, and which protocol their numbers stand for."""

from typing import Any

from harness.ledger import StageRun
from results.methods import Method

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
EB_TRAIN = ("EB Train", "EB Train (re-init)", "EB Train (LF)", "EB Train (LL)")
EPOCHS = {"CIFAR-10": 160, "CIFAR-100": 160, "ImageNet": 90}
BOARD = ("tegra186", "tx2")


def name(method: Method) -> str | None:
    """What the paper calls a method; None where it has no such row."""
    options = method.rows[0].cell["options"]
    if method.method != "early_bird":
        return METHODS.get(method.method)
    precision = str(options.get("precision", "fp32"))
    if drawn_at_an_epoch(method) or precision not in ("fp32", "lf", "ll"):
        return None
    if precision != "fp32":
        return f"EB Train ({precision.upper()})"
    return "EB Train" if options.get("inherit", True) else "EB Train (re-init)"


def table_of(method: Method) -> str:
    """The number of the table that lists methods on its data set."""
    return "3" if method.dataset == "imagenet" else "2"


def drawn_at_an_epoch(method: Method) -> bool:
    """Whether its ticket is drawn when the study says, as in Figure 1 and tables 1 and 4, and not by a detector."""
    return method.rows[0].cell["options"].get("rule") == "epoch"


def other_protocol(study: Any, method: Method) -> str:
    """How its trainings differ from the paper's, in words; empty where they do not."""
    epochs = EPOCHS.get(DATASETS.get(method.dataset, ""))
    found = []
    for run in runs(study, method):
        full = run.manifest.get("full", {})
        found += [f"width {full['width']:g}"] if full.get("width", 1) != 1 else []
        found += [f"{full['limit']} images"] if full.get("limit") is not None else []
        found += [f"{full['epochs']} epochs"] if full.get("epochs", epochs) != epochs else []
    return ", ".join(dict.fromkeys(found))


def runs(study: Any, method: Method) -> list[StageRun]:
    """Every stage that a method is charged, over its repetitions."""
    found = [study.runs.run(item["stage"], row.repetition) for row in method.rows for item in row.cell["charges"]]
    return [run for run in found if run is not None]


def on_the_paper_s_board(found: list[StageRun]) -> bool:
    """Whether all of them ran on a Jetson TX2."""
    facts = [run.manifest.get("machine", {}) for run in found]
    texts = [f"{fact.get('board', '')} {fact.get('soc', '')}".lower() for fact in facts]
    return bool(texts) and all(any(word in text for word in BOARD) for text in texts)
