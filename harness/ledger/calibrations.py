"""Which calibrations stand behind the figures of a study: every table that used one names it."""

from typing import Any, Dict, List, Sequence

from harness.ledger.rows import StudyRuns
from harness.ledger.stage import StageRun
from meters.calibration import Calibration

ON_BOARD = ("module", "rail")
UNIQUE = ("usb_serial", "uuid", "instrument")  # keys of an identity that tell one device from all others


def sentences(study: StudyRuns) -> List[str]:
    """One for each meter and calibration."""
    return of_runs(study.runs())


def of_runs(runs: Sequence[StageRun]) -> List[str]:
    found = []
    for run in runs:
        for meter in run.meters:
            calibration = run.calibration(meter)
            if calibration is not None:
                found.append(f"meter {meter} is corrected by calibration {calibration.name}")
    return list(dict.fromkeys(found))


def trust(calibration: Calibration, manifest: Dict[str, Any], meter: Dict[str, Any]) -> List[str]:
    """What differs from when a calibration was made; `manifest` of the stage, and what its meter said of itself."""
    about, name = calibration.content, calibration.content["file"]
    mode, machine = manifest.get("power_mode"), manifest.get("machine", {}).get("name")
    found = []
    if mode != about["power_mode"]:
        found.append(
            f"Calibration {name} was made in power mode {about['power_mode']!r} and applied in {mode!r}: a meter may "
            "err differently there."
        )
    inside = set(about["meter"]["boundaries"]) & set(ON_BOARD)
    if inside and machine != about.get("machine"):
        found.append(f"Calibration {name} is of a sensor of {about.get('machine')} and was applied on {machine}.")
    told = {key for key in UNIQUE if key in about["meter"]["identity"] and key in meter.get("identity", {})}
    if not inside and not told:
        found.append(
            f"Nothing that meter {meter.get('name')} says of itself tells it from others of its kind: that calibration "
            f"{name} is its own is taken on trust."
        )
    return found
