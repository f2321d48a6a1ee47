"""A meter as the user asks for it: `smartpower3:port=/dev/ttyUSB0,baud=230400,name=bench`."""

import inspect
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Type, Union

from extensions import Kind, Refused, nearest
from meters import API_VERSION
from meters import calibration as calibrations
from meters.accuracy import parse_accuracy, with_accuracy
from meters.base import Meter
from meters.errors import MeterError

METERS = Kind("meter", "meters", "harness.meters", API_VERSION, marker=r"^class Meter\(")
_COMMON = ("accuracy", "calibration", "name")  # understood for every meter
_TRUTH = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


@dataclass(frozen=True)
class MeterSpec:
    """Kind, options and name of one meter; the name is unique within a run and part of file names."""

    kind: str
    options: Dict[str, Any] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        name = self.name or self.kind
        if not re.match(r"[A-Za-z0-9_-]+$", name):
            raise MeterError(f"meter name {name!r}: letters, digits, _ and - only, it is part of a file name")
        object.__setattr__(self, "name", name)

    @classmethod
    def parse(cls, text: str) -> "MeterSpec":
        """Raises MeterError with the alternatives for an unknown kind or option or an unfit value."""
        kind, _, rest = text.partition(":")
        parameters = _parameters(kind)
        available = f"options of {kind}: {', '.join(sorted({*parameters, *_COMMON}))}"
        options: Dict[str, Any] = {}
        for part in filter(None, rest.split(",")):
            key, equals, value = part.partition("=")
            if not equals:
                raise MeterError(f"in meter {text!r}, {part!r} is not key=value; {available}")
            if key not in parameters and key not in _COMMON:
                hint = nearest(key, [*parameters, *_COMMON])
                raise MeterError(f"meter {kind} has no option {key!r}{hint}; {available}")
            if key in options:
                raise MeterError(f"in meter {text!r}, {key} is given twice")
            options[key] = value if key in _COMMON else _convert(kind, key, value, parameters[key])
        missing = [key for key, p in parameters.items() if p.default is p.empty and key not in options]
        if missing:
            raise MeterError(f"meter {kind} needs {missing[0]}=, as in {kind}:{missing[0]}=...; {available}")
        if "accuracy" in options:
            parse_accuracy(options["accuracy"])
        if "calibration" in options:
            _check_calibration(kind, options["calibration"])
        return cls(kind, options, options.pop("name", ""))

    def create(self) -> Meter:
        """The meter, not yet opened."""
        options = dict(self.options)
        accuracy, calibration = options.pop("accuracy", None), options.pop("calibration", None)
        meter = _driver(self.kind)(**options)
        if accuracy is not None:
            meter.channels = with_accuracy(meter.channels, accuracy)
        if calibration is not None:
            meter.calibration = calibrations.load(calibration)
        return meter


def parse_all(texts: Iterable[str]) -> List[MeterSpec]:
    """The meters of one run; raises MeterError when two have the same name."""
    specs = [MeterSpec.parse(text) for text in texts]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise MeterError(f"two meters are named {name}: give one of them a name, as in name={name}2")
    return specs


def kinds() -> List[str]:
    """All kinds of meter, without importing any of them."""
    try:
        return METERS.names()
    except Refused as error:
        raise MeterError(str(error)) from error


def _driver(kind: str) -> Type[Meter]:
    try:
        return METERS.find(kind).Meter
    except Refused as error:
        raise MeterError(str(error)) from error


def _check_calibration(kind: str, path: str) -> None:
    about = calibrations.load(path).content["meter"]
    if about["kind"] != kind:
        raise MeterError(f"calibration {path} is of a {about['kind']}, not of a {kind}")


def _parameters(kind: str) -> Dict[str, inspect.Parameter]:
    return dict(inspect.signature(_driver(kind)).parameters)


def _convert(kind: str, key: str, value: str, parameter: inspect.Parameter) -> Any:
    """The text as the type that the signature states: by annotation, else by the default."""
    wanted = parameter.annotation if parameter.annotation is not parameter.empty else type(parameter.default)
    if getattr(wanted, "__origin__", None) is Union:  # Optional[X]
        wanted = wanted.__args__[0]
    try:
        return _TRUTH[value.lower()] if wanted is bool else wanted(value)
    except (ValueError, KeyError):
        expected = "yes or no" if wanted is bool else "a number"
        raise MeterError(f"meter {kind}: {key}={value!r} is not {expected}") from None
