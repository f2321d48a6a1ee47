"""Where a study's figures come from: machine, software, meters, attempts, and the digest of what was sealed."""

import hashlib
from typing import Any

from harness import rundir
from harness.ledger import StageRun, StudyRuns
from meters import calibration as calibrations


def stages(study: StudyRuns) -> list[dict[str, Any]]:
    """One record for each stage and repetition."""
    return [
        {
            "stage": run.name,
            "repetition": run.repetition,
            "what": _asked(run),
            "state": "complete" if run.complete else "unfinished",
            "attempts": len(run.attempts),
            "started_utc": next((a.get("started_utc", "") for a in run.manifest.get("attempts", [])), ""),
            "sha256": rundir.digest(run.rep.sums)[:16] if run.complete else "not sealed",
        }
        for run in study.runs()
    ]


def digest(study: StudyRuns) -> str:
    """One digest over the SHA256SUMS of every stage of a study; it changes with any file of any of them."""
    lines = [
        f"{rundir.digest(sums)}  {run.name}/{run.repetition}"
        for run in study.runs()
        if run.complete
        for sums in (run.rep.sums, run.rep.attached_sums)
        if sums.is_file()
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() if lines else ""


def machine(study: StudyRuns) -> dict[str, str]:
    """What all stages have in common; where they differ, each value."""
    facts: dict[str, list[str]] = {}
    for run in study.runs():
        manifest = run.manifest
        known = {
            **manifest.get("machine", {}),
            "power mode": manifest.get("power_mode"),
            "threads": manifest.get("threads"),
        }
        known.update({f"version of {name}": value for name, value in manifest.get("versions", {}).items()})
        for key, value in known.items():
            if value is not None:
                facts.setdefault(key, []).append(str(value))
    return {key: "; ".join(dict.fromkeys(values)) for key, values in facts.items()}


def meters(study: StudyRuns) -> list[dict[str, str]]:
    """One record for each channel of each meter: where it sits, how accurate it is, what its values are."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for run in study.runs():
        for meter in run.described:
            for channel in meter.get("channels", []):
                found.setdefault((meter["name"], channel["name"]), _channel(meter, channel))
    return list(found.values())


def _channel(meter: dict[str, Any], channel: dict[str, Any]) -> dict[str, str]:
    parts = []
    if channel.get("gain_error") is not None:
        parts.append(f"{100 * channel['gain_error']:g} % of reading")
    if channel.get("offset_error_W") is not None:
        parts.append(f"{1000 * channel['offset_error_W']:g} mW")
    accuracy = " + ".join(parts) or "not stated"
    calibration = meter.get("calibration") if channel["name"] in meter.get("total", []) else None
    return {
        "meter": meter["name"],
        "kind": str(meter.get("kind", "")),
        "channel": channel["name"],
        "part of the total": "yes" if channel["name"] in meter.get("total", []) else "no",
        "boundary": channel["boundary"],
        "values are": channel.get("shape", "instant"),
        "period": f"{meter.get('period_s', 0):g} s",
        "accuracy": accuracy if accuracy == "not stated" else f"{accuracy} ({channel.get('accuracy_source')})",
        "calibration": "none" if calibration is None else calibrations.of(calibration).name,
        "power": "simulated" if meter.get("simulated") else "measured",
    }


def _asked(run: StageRun) -> str:
    asked = run.manifest.get("training", {})
    return ", ".join(f"{key} {_short(value)}" for key, value in asked.items())


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_short(inner)}" for key, inner in value.items()) + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
