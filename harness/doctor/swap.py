"""Swapping, and compressing memory into zram, is work and power that no phase asked for."""

from pathlib import Path

from harness.board.nodes import text
from harness.doctor import Finding, Said, doubt, fine


def check(root: Path, said: Said) -> Finding:
    rows = [line.split() for line in text(root / "proc/swaps").splitlines()[1:]]
    if not rows:
        return fine("no swap is on")
    areas = ", ".join(f"{row[0]} ({int(row[3]) // 1024} MiB in use)" for row in rows)
    zram = any("zram" in row[0] for row in rows)
    mend = "sudo swapoff -a" + (" (for good: sudo systemctl disable nvzramconfig)" if zram else "")
    return doubt(f"swap is on: {areas}", mend)
