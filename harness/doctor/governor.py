"""Does the CPU keep one clock?  A governor that follows the load makes speed and power depend on what ran before."""

from pathlib import Path

from harness.board.nodes import l4t, number, text
from harness.doctor import Finding, Said, doubt, fine

MEND = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"


def check(root: Path, said: Said) -> Finding:
    policies = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"))
    if not policies:
        return fine("this machine does not expose CPU clocks")
    floating = [policy for policy in policies if not _steady(policy)]
    if not floating:
        return fine("CPU clocks are pinned")
    low, high = number(floating[0] / "scaling_min_freq"), number(floating[0] / "scaling_max_freq")
    span = f", {floating[0].parent.name} {low / 1e3:g} to {high / 1e3:g} MHz" if low and high else ""
    governors = "+".join(sorted({text(policy / "scaling_governor") for policy in floating}))
    evidence = f"the clocks of {len(floating)} of {len(policies)} CPUs follow the load ({governors}{span})"
    return doubt(evidence, "sudo jetson_clocks" if l4t(root) else MEND)


def _steady(policy: Path) -> bool:
    pinned = number(policy / "scaling_min_freq") == number(policy / "scaling_max_freq")
    return pinned or text(policy / "scaling_governor") == "performance"
