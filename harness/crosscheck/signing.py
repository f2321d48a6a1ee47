"""From a crosscheck to a calibration file that somebody stands for."""

from datetime import datetime, timezone
from typing import Any, Dict, Optional, Sequence

from harness import rundir
from harness.crosscheck import olympic
from harness.crosscheck.pairs import Compared, View, compared
from harness.crosscheck.result import CrossCheck
from harness.errors import UserError
from meters.calibration import KIND, SCHEMA, recognisable


def calibration(found: CrossCheck, meter: str, reference: str, signed_by: str, across: bool = False) -> Dict[str, Any]:
    """The content of the file; UserError where the two meters do not bear one.

    `across`: take the losses between two boundaries for part of the meter, whose corrected readings are then those of
    the reference's boundary.
    """
    views = [_view(found, name) for name in (reference, meter)]
    judged = compared(views, found.windows, found.content["window_s"], found.origin_ns)[0]
    _check(found, judged, views, across)
    fit = judged.fit
    assert fit is not None
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "meter": _meter(found, meter),
        **{name: getattr(fit, name) for name in ("gain", "offset_W", "gain_sd", "centre_W", "centre_sd_W", "lag_s")},
        "residual_W": max(abs(level.corrected) * level.reference_W for level in judged.levels),
        "levels": [dict(level._asdict()) for level in judged.levels],
        "reference": {**_meter(found, reference), **_accuracy(found.traces[reference])},
        "machine": found.content["machine"].get("name"),
        "power_mode": found.content["power_mode"],
        "date_utc": datetime.now(timezone.utc).isoformat(),
        "signed_by": signed_by,
        "simulated": found.content["simulated"],
        "evidence": evidence(found),
    }


def evidence(found: CrossCheck) -> Dict[str, str]:
    """Digests of the crosscheck and its traces, by file name."""
    rep = rundir.Rep(found.folder)
    paths = [rundir.crosscheck(found.folder)] + [path for _, _, path in rep.traces()]
    return {str(path.relative_to(found.folder)): rundir.digest(path) for path in paths}


def _view(found: CrossCheck, name: str) -> View:
    views = {view.name: view for view in found.views()}
    if name not in views or name not in found.traces:
        whole = [view.name for view in found.views() if view.channel is None]
        raise UserError(
            f"the crosscheck has no meter {name!r} that shows a whole input; there are: {', '.join(whole) or 'none'}",
            code=2,
        )
    return views[name]


def _check(found: CrossCheck, judged: Compared, views: Sequence[View], across: bool) -> None:
    if judged.fit is None or judged.acceptance is None:
        raise UserError(f"{judged.reference} and {judged.meter}: {judged.reason}")
    if found.traces[judged.meter].calibration is not None:
        raise UserError(f"{judged.meter} was recorded with a calibration: crosscheck it again without one")
    boundaries = ["+".join(view.boundaries) for view in views]
    if len(views[0].boundaries) != 1:
        raise UserError(f"{judged.reference} measures at {boundaries[0]}: a reference sits at one boundary")
    if boundaries[0] != boundaries[1] and not across:
        raise UserError(
            f"{judged.meter} measures at {boundaries[1]} and {judged.reference} at {boundaries[0]}: losses lie between "
            "them; --across-boundaries takes them for part of the meter, in this power mode"
        )
    if len(judged.levels) < olympic.LEVELS:
        raise UserError(
            f"{len(judged.levels)} levels of power are too few: a line goes through any two, so nothing would tell "
            "what it leaves over"
        )
    if abs(judged.acceptance.corrected) > olympic.TARGET:
        raise UserError(
            f"no line describes {judged.meter}: with gain and offset taken out it still deviates by "
            f"{100 * judged.acceptance.corrected:+.2f} %, more than {100 * olympic.TARGET:g} %"
        )


def _meter(found: CrossCheck, name: str) -> Dict[str, Any]:
    trace = found.traces[name]
    about = trace.meta["meter"]
    return {
        "name": name,
        "kind": about["kind"],
        "identity": recognisable(about["identity"]),
        "total": list(trace.total),
        "boundaries": sorted({channel.boundary for channel in trace.channels if channel.name in trace.total}),
    }


def _accuracy(trace: Any) -> Dict[str, Any]:
    """Of the reference: what its own calibration leaves, or what it declares; None where that is not stated."""
    if trace.calibration is not None:
        known = trace.calibration
        offset_W = known.reference_offset_error_W + known.residual_W
        return _stated(known.reference_gain_error, offset_W, f"calibration {known.name}")
    chosen = [channel for channel in trace.channels if channel.name in trace.total]
    gains = [channel.gain_error for channel in chosen]
    gain = None if None in gains else max(gains)
    return _stated(gain, sum(channel.offset_error_W or 0.0 for channel in chosen), chosen[0].accuracy_source)


def _stated(gain_error: Optional[float], offset_error_W: float, source: str) -> Dict[str, Any]:
    return {"gain_error": gain_error, "offset_error_W": offset_error_W, "accuracy_source": source}
