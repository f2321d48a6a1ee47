"""A crosscheck on disk: `crosscheck.json` beside `power/`, written once and read by whoever draws or signs it."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Union

from harness import machine, rundir
from harness.crosscheck.pairs import Compared, View, compared, seen_W, views
from harness.crosscheck.staircase import Climb, Window
from harness.errors import UserError

SCHEMA = 1


class CrossCheck(NamedTuple):
    """`content` is crosscheck.json, `traces` the recordings (`meters.trace.Trace`) by meter."""

    folder: Path
    content: Dict[str, Any]
    traces: Dict[str, Any]

    @property
    def windows(self) -> List[Window]:
        return [Window(*(one[name] for name in Window._fields)) for one in self.content["windows"]]

    @property
    def origin_ns(self) -> int:
        return min(window.start_ns for window in self.windows)

    def views(self) -> List[View]:
        """Power over time as each meter shows it, on one clock."""
        return [view for name, trace in self.traces.items() for view in views(name, trace, self.origin_ns)]


def judge(climbed: Climb) -> Dict[str, Any]:
    """What the traces of a staircase say, JSON-able; SI units, a unit in each name."""
    traces = _traces(climbed.folder, [one["name"] for one in climbed.meters])
    origin_ns = min(window.start_ns for window in climbed.windows)
    shown = [view for name, trace in traces.items() for view in views(name, trace, origin_ns)]
    pairs = compared(shown, climbed.windows, climbed.window_s, origin_ns)
    return {
        "schema": SCHEMA,
        "kind": "crosscheck",
        "date_utc": datetime.now(timezone.utc).isoformat(),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "power_mode": machine.power_mode(),
        "gpu": climbed.gpu,
        "simulated": any(view.simulated for view in shown),
        "window_s": climbed.window_s,
        "windows": [dict(window._asdict()) for window in climbed.windows],
        "meters": climbed.meters,
        "statistics": climbed.statistics,
        "views": [_view(view, climbed, origin_ns) for view in shown],
        "pairs": [_pair(pair) for pair in pairs],
    }


def store(content: Dict[str, Any], folder: Path) -> Path:
    path = rundir.crosscheck(folder)
    text = json.dumps(content, indent=1) + "\n"
    rundir.write(path, lambda file: file.write(text.encode()))
    return path


def load(folder: Union[str, Path]) -> CrossCheck:
    """Raises UserError where the folder holds no crosscheck, MeterError where a trace is damaged."""
    path = rundir.crosscheck(Path(folder))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = [one["name"] for one in content["meters"]]
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): give the folder that harness meters crosscheck wrote", code=2
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error!r}): run harness meters crosscheck again") from error
    if content.get("schema") != SCHEMA:
        raise UserError(f"{path} has schema {content.get('schema')!r}, this harness reads schema {SCHEMA}")
    return CrossCheck(Path(folder), content, _traces(Path(folder), names))


def pair(found: CrossCheck, reference: str, meter: str) -> Optional[Dict[str, Any]]:
    """The comparison of two meters as it is stored; None where they were not compared in this order."""
    named = [one for one in found.content["pairs"] if (one["reference"], one["meter"]) == (reference, meter)]
    return named[0] if named else None


def _traces(folder: Path, names: List[str]) -> Dict[str, Any]:
    from meters.trace import Trace

    rep = rundir.Rep(folder)
    latest = {meter: attempt for meter, attempt, _ in rep.traces()}
    return {name: Trace.open(rep.trace(name, latest.get(name, 1))) for name in names}


def _view(view: View, climbed: Climb, origin_ns: int) -> Dict[str, Any]:
    return {
        "name": view.name,
        "meter": view.meter,
        "channel": view.channel,
        "boundaries": list(view.boundaries),
        "simulated": view.simulated,
        "mean_W": seen_W(view, climbed.windows, origin_ns),
    }


def _pair(pair: Compared) -> Dict[str, Any]:
    return {
        "reference": pair.reference,
        "meter": pair.meter,
        "reason": pair.reason,
        "fit": dict(pair.fit._asdict()) if pair.fit else None,
        "levels": [dict(level._asdict()) for level in pair.levels],
        "acceptance": dict(pair.acceptance._asdict(), accepted=pair.acceptance.accepted) if pair.acceptance else None,
    }
