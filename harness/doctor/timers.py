"""Updates that start by themselves load CPU, disk and network in the middle of a run."""

from pathlib import Path

from harness.doctor import Finding, Said, doubt, fine

UNITS = ("apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service", "snapd.service")
COMMANDS = {"states": ("systemctl", "is-active") + UNITS}


def check(root: Path, said: Said) -> Finding:
    states = (said["states"] or "").splitlines()
    active = [unit for unit, state in zip(UNITS, states) if state == "active"]
    if not active:
        return fine("no updates start by themselves")
    return doubt("may start work at any time: " + ", ".join(active), "sudo systemctl stop " + " ".join(active))
