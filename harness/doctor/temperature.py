"""Does the board start cool?  Leakage grows with temperature, and a hot board throttles sooner."""

from pathlib import Path
from typing import Dict

from harness.doctor import Finding, Said, doubt, fine, number, text

WARM_C = 60.0  # a choice, no limit of any board
CONSTANT = "PMIC"  # says 100 degrees for ever
OFFLINE_C = -40.0  # a sensor that is off says -256


def check(root: Path, said: Said) -> Finding:
    zones = temperatures(root)
    if not zones:
        return fine("this machine exposes no temperature")
    hottest = max(zones, key=lambda zone: zones[zone])
    evidence = f"hottest: {hottest} {zones[hottest]:.1f} degrees C, of {len(zones)} zones"
    if zones[hottest] < WARM_C:
        return fine(evidence)
    return doubt(f"{evidence}; a run should start below {WARM_C:g}", "let it cool down before you start")


def temperatures(root: Path) -> Dict[str, float]:
    """Degrees C by zone name, without zones that are gated, switched off or constant."""
    zones = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        kind, milli = text(zone / "type"), number(zone / "temp")
        if milli is not None and not kind.startswith(CONSTANT) and milli / 1e3 > OFFLINE_C:
            zones[kind] = milli / 1e3
    return zones
