"""What a user may set: names and types come from the signature, mistakes are named with the nearest valid name."""

import difflib
import inspect
import json
from typing import Any, Callable, Dict, Iterable

from harness.errors import UserError

KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    tuple: "a list",
    dict: "a table",
}


def unknown(kind: str, name: str, valid: Iterable[str]) -> UserError:
    """The error for a name that does not exist: it tells the nearest one and all of them."""
    valid = sorted(valid)
    near = difflib.get_close_matches(str(name), valid, n=1)
    hint = f" - did you mean {near[0]!r}?" if near else ""
    return UserError(f"no {kind} {name!r}{hint}; there are: {', '.join(valid)}", code=2)


def check_keys(kind: str, given: Dict[str, Any], valid: Iterable[str]) -> None:
    valid = list(valid)
    for name in given:
        if name not in valid:
            raise unknown(kind, name, valid)


def keywords(function: Callable) -> Dict[str, Any]:
    """Options of `function`: its keyword-only parameters with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def check_type(where: str, value: Any, default: Any) -> Any:
    """`value` if it is of the kind of `default` (an int will do for a float); None as default accepts anything."""
    if default is None or value is None:
        return value
    if isinstance(default, bool) or isinstance(value, bool):
        fits = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, (int, float))
    elif isinstance(default, tuple):
        fits = isinstance(value, list)
    else:
        fits = isinstance(value, type(default))
    if not fits:
        raise UserError(f"{where} is {json.dumps(value, default=str)}: it must be {_wanted(value, default)}", code=2)
    return float(value) if isinstance(default, float) else value


def _wanted(value: Any, default: Any) -> str:
    """The kind that stands in a study file there, with the value that was meant or the default for an example."""
    kind = KINDS.get(type(default), f"of type {type(default).__name__}")
    if isinstance(default, tuple) and not isinstance(value, dict):
        return f"{kind}, as in [{json.dumps(value, default=str)}]"
    return f"{kind}, as in {json.dumps(default)}" if default else kind
