"""A desktop session draws, wakes the GPU and takes memory while the training is measured."""

from pathlib import Path

from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"manager": ("systemctl", "is-active", "display-manager")}


def check(root: Path, said: Said) -> Finding:
    if said["manager"] != "active":
        return fine("no desktop session")
    mend = "sudo systemctl isolate multi-user.target (for good: sudo systemctl set-default multi-user.target)"
    return doubt("a display manager is running", mend)
