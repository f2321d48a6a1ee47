"""Does the board start cool?  Leakage grows with temperature, and a hot board throttles sooner."""

from pathlib import Path

from harness.board.nodes import temperatures
from harness.doctor import Finding, Said, doubt, fine

WARM_C = 60.0  # a choice, no limit of any board


def check(root: Path, said: Said) -> Finding:
    zones = temperatures(root)
    if not zones:
        return fine("this machine exposes no temperature")
    hottest = max(zones, key=lambda zone: zones[zone])
    evidence = f"hottest: {hottest} {zones[hottest]:.1f} degrees C, of {len(zones)} zones"
    if zones[hottest] < WARM_C:
        return fine(evidence)
    mend = f"let it cool down, or: harness run ... --cooldown {WARM_C:g}"
    return doubt(f"{evidence}; a run should start below {WARM_C:g}", mend)
