"""A study: one short TOML file that names models, data, methods, ratios and meters; everything else has a default."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from harness.errors import UserError
from harness.options import check_keys, check_type, unknown
from workloads.job import Job

CLOCKS = ("locked", "free")
BUNDLED = Path(__file__).parent / "studies"
FORMS = ("full", "profile")
PROFILED = "-profile"  # ends the name of a study's profile form


@dataclass(frozen=True)
class Study:
    """What a study file says.  `methods` maps a row's label to its options (with `method` where the label differs).

    `training` holds settings of `Job`; under a model's name those of this model alone.  `form`: "full" trains to the
    end, "profile" runs `windows` windows of each distinct network, from which the energy of all is composed.
    """

    name: str
    title: str = ""
    models: Tuple[str, ...] = ()
    datasets: Tuple[str, ...] = ()
    ratios: Tuple[float, ...] = (0.5,)
    seeds: Tuple[int, ...] = (1,)
    repetitions: int = 1
    meters: Tuple[str, ...] = ()
    idle_s: float = 20.0
    cooldown_s: float = 2.0
    detection_s: float = 3.0
    power_mode: Any = None
    clocks: str = ""
    cooldown_below_C: float = 0.0
    cooldown_timeout_s: float = 900.0
    keep_checkpoints: bool = False
    form: str = "full"
    windows: int = 3
    training: Dict[str, Any] = field(default_factory=dict)
    methods: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    text: str = ""


def bundled() -> List[str]:
    return sorted(path.stem for path in BUNDLED.glob("*.toml"))


def load(name: str) -> Study:
    """The bundled study `name`, or the study in the TOML file of that path."""
    path = _file(name)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"study file {path} can't be read ({error}): it is a text file in UTF-8", code=2) from error
    return parse(text, path.stem)


def _file(name: str) -> Path:
    if name in bundled():
        return BUNDLED / (name + ".toml")
    if name.endswith(".toml") and Path(name).is_file():
        return Path(name)
    if Path(name + ".toml").is_file():
        raise UserError(f"no bundled study {name!r}; a study file is named with its ending: {name}.toml", code=2)
    if name.endswith(".toml") or "/" in name:
        raise UserError(
            f"no study file {name}; give the path of a .toml file, or one of: {', '.join(bundled())}", code=2
        )
    raise unknown("study", name, bundled())


def parse(text: str, name: str) -> Study:
    """The study that `text` describes; each mistake is one sentence (UserError, code 2)."""
    asked = _toml(text, name)
    defaults = Study(name)
    settable = [f.name for f in fields(Study) if f.name not in ("name", "text")]
    check_keys(f"key in study {name}:", asked, settable)
    values = {key: check_type(f"{key} in study {name}", value, getattr(defaults, key)) for key, value in asked.items()}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    values["methods"] = _rows(values.get("methods", {}), name)
    study = Study(name=name, text=text, **values)
    _check_lists(study)
    _check_numbers(study)
    _check_names(study)
    _check_training(study, study.training, [model for model in study.models if model in study.training])
    check_power(study.power_mode, study.clocks, f"in study {study.name}")
    return study


def formed(study: Study, form: Optional[str]) -> Study:
    """The study in a form (None: its own); a profile has a name, and so a folder, beside the full study's."""
    form = form or study.form
    return replace(study, form=form, name=study.name + PROFILED if form == "profile" else study.name)


def _toml(text: str, name: str) -> Dict[str, Any]:
    try:
        import tomllib as toml
    except ImportError:
        import tomli as toml
    try:
        return toml.loads(text)
    except toml.TOMLDecodeError as error:
        raise UserError(f"study {name} is not valid TOML: {error}", code=2) from error


def _rows(methods: Dict[str, Any], name: str) -> Dict[str, Dict[str, Any]]:
    """The options of each row by its label: `[methods.draw]` with `at = [10, 20]` is the rows draw_10 and draw_20."""
    rows: Dict[str, Dict[str, Any]] = {}
    for label, given in methods.items():
        if not isinstance(given, dict):
            raise UserError(f"methods.{label} in study {name} is no table: write [methods.{label}]", code=2)
        for row, options in _draws(label, given, name):
            if row in rows:
                raise UserError(
                    f"study {name} has two rows {row}, one from [methods.{label}]: rename a table or take an epoch out",
                    code=2,
                )
            rows[row] = options
    return rows


def _draws(label: str, options: Dict[str, Any], name: str) -> List[Tuple[str, Dict[str, Any]]]:
    epochs = options.get("at")
    if not isinstance(epochs, list):
        return [(label, options)]
    if not epochs:
        raise UserError(f"methods.{label}.at in study {name} is empty: list epochs to draw at, as in [10, 20]", code=2)
    return [(f"{label}_{epoch}", {"method": label, **options, "at": epoch}) for epoch in epochs]


def _check_lists(study: Study) -> None:
    """Lists of names hold text, and nothing is listed twice: one row twice would pass for two that agree."""
    for key in ("models", "datasets", "meters"):
        for name in getattr(study, key):
            if not isinstance(name, str):
                raise UserError(f"{key} in study {study.name} names {name!r}: each is a name in quotes", code=2)
    for key in ("models", "datasets", "ratios", "seeds", "meters"):
        values = getattr(study, key)
        twice = [value for place, value in enumerate(values) if value in values[:place]]
        if twice:
            hint = "; to measure each training again set repetitions" if key == "seeds" else ""
            raise UserError(f"{key} in study {study.name} names {twice[0]!r} twice: name each once{hint}", code=2)


def _check_names(study: Study) -> None:
    for kind, names in (("model", study.models), ("dataset", study.datasets)):
        if not names:
            raise UserError(
                f'study {study.name} names no {kind}: add {kind}s = ["..."], one of: {", ".join(registry(kind))}',
                code=2,
            )
        for name in names:
            if name not in registry(kind):
                raise unknown(kind, name, registry(kind))
    if not study.methods:
        raise UserError(
            f"study {study.name} names no method: add [methods.NAME], one of: {', '.join(registry('method'))}",
            code=2,
        )


def _check_numbers(study: Study) -> None:
    for ratio in study.ratios:
        check_ratio(ratio)
    if study.repetitions < 1 or not study.seeds or not study.ratios:
        raise UserError(
            f"study {study.name} asks for no run: repetitions, seeds and ratios each need at least one",
            code=2,
        )
    if study.form not in FORMS:
        raise unknown("form", study.form, FORMS)
    if study.windows < 1:
        raise UserError(f"windows in study {study.name} is {study.windows}: it must be 1 or more", code=2)
    units = {"cooldown_below_C": "a temperature in degrees C"}
    for key in ("idle_s", "cooldown_s", "detection_s", "cooldown_below_C", "cooldown_timeout_s"):
        if not 0 <= getattr(study, key) < float("inf"):
            unit = units.get(key, "a time in seconds")
            raise UserError(
                f"{key} in study {study.name} is {getattr(study, key)}: it is {unit}, 0 or more",
                code=2,
            )


def _check_training(study: Study, given: Dict[str, Any], models: List[str]) -> None:
    """Settings that all share, or those of one model in a table of its name."""
    settings = {f.name: f.default for f in fields(Job) if f.name not in ("model", "dataset", "seed")}
    shared = {key: value for key, value in given.items() if key not in models}
    check_keys(f"training setting in study {study.name}:", shared, settings)
    for key, value in shared.items():
        check_type(f"training.{key} in study {study.name}", value, settings[key])
    for model in models:
        _check_training(study, check_type(f"training.{model} in study {study.name}", given[model], {}), [])


def check_power(mode: Any, clocks: str, where: str) -> None:
    """A power mode is a number or a name of nvpmodel's, clocks are locked or free; neither is said where left out."""
    if mode is not None and (isinstance(mode, bool) or not isinstance(mode, (int, str)) or mode == ""):
        raise UserError(f'power_mode {where} is {mode!r}: it is a number or a name of nvpmodel\'s, 0 or "MAXN"', code=2)
    if clocks not in ("",) + CLOCKS:
        raise unknown(f"clocks {where}:", clocks, CLOCKS)


def check_ratio(ratio: Any) -> float:
    if isinstance(ratio, bool) or not isinstance(ratio, (int, float)) or not 0 < ratio < 1:
        raise UserError(
            f"ratio {ratio!r} is not between 0 and 1: it is the share of channels to prune, for example 0.5",
            code=2,
        )
    return float(ratio)


def registry(kind: str) -> List[str]:
    """Names of the models, datasets or methods there are; nothing is imported for them."""
    from workloads.registry import DATASETS, METHODS, MODELS, names

    return names({"model": MODELS, "dataset": DATASETS, "method": METHODS}[kind])
