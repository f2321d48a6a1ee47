"""A prediction as it was made before a run began, kept in the study's folder to be compared with what came."""

import json
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional

from harness import rundir
from harness.forecast.study import Forecast, Forecasts, Range
from harness.ledger.stage import read_json

SCHEMA = 1


def as_json(study: str, found: Forecasts, profile_s: Optional[Range] = None) -> Dict[str, Any]:
    """SI units; `low` to `high` is a bracket, no confidence interval.  `profile_s`: the time of running a profile."""
    content: Dict[str, Any] = {
        "schema": SCHEMA,
        "study": study,
        "made_utc": datetime.now(timezone.utc).isoformat(),
        "cells": [_plain(one) for one in found.cells],
        "stages": [dict(_plain(one), epoch_s=_likely(found.epochs[one.name].seconds)) for one in found.stages],
        "total": _plain(found.total),
        "left": _plain(found.left),
    }
    return content if profile_s is None else dict(content, profile_s=dict(profile_s._asdict()))


def write(folder: rundir.StudyFolder, content: Dict[str, Any]) -> None:
    """Keep a prediction, unless there is one already: what was said first is what is compared."""
    if not folder.prediction.exists():
        text = json.dumps(content, indent=1) + "\n"
        rundir.write(folder.prediction, lambda file: file.write(text.encode()))


def read(folder: rundir.StudyFolder) -> Optional[Dict[str, Any]]:
    """The prediction that was kept, None where there is none; a damaged one raises UserError."""
    return read_json(folder.prediction) if folder.prediction.exists() else None


def epoch_seconds(content: Dict[str, Any]) -> Dict[str, float]:
    """What an epoch of each stage was said to take, by the stage's name; without those of which nothing was said."""
    stages: List[Dict[str, Any]] = content.get("stages", [])
    return {stage["name"]: stage["epoch_s"] for stage in stages if stage["epoch_s"]}


def _plain(one: Forecast) -> Dict[str, Any]:
    return {
        "name": one.name,
        "joules": None if one.joules is None else dict(one.joules._asdict()),
        "seconds": None if one.seconds is None else dict(one.seconds._asdict()),
        "rests_on": one.rests_on,
    }


def _likely(values: Any) -> Optional[float]:
    return None if values is None else values[1]
