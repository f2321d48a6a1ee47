"""Are the clocks of GPU and memory pinned?  Floating, the same work costs another energy each time."""

from pathlib import Path
from typing import Iterator

from harness.board.gauges import EMC
from harness.board.nodes import l4t, number
from harness.doctor import Finding, Said, doubt, fine

MEND = (
    "sudo jetson_clocks --store clocks.conf && sudo jetson_clocks "
    "(and when you are done: sudo jetson_clocks --restore clocks.conf), or for one run: harness run ... --clocks locked"
)


def check(root: Path, said: Said) -> Finding:
    if not l4t(root):
        return fine("no Jetson: the governor check covers the CPU")
    floating = list(_floating(root))
    if floating:
        return doubt("not pinned: " + ", ".join(floating), MEND)
    return fine("GPU and memory clocks are pinned as far as they can be read")


def _floating(root: Path) -> Iterator[str]:
    for device in sorted((root / "sys/class/devfreq").glob("*")):
        low, high = number(device / "min_freq"), number(device / "max_freq")
        if low is not None and high is not None and low < high:
            yield f"{device.name} {low / 1e6:g} to {high / 1e6:g} MHz"
    rate, high = number(root / EMC / "rate"), number(root / EMC / "max_rate")
    if rate is not None and high is not None and rate < high:
        yield f"memory at {rate / 1e6:g} of {high / 1e6:g} MHz"
