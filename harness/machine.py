"""What this machine is and in which state: the provenance that a table row needs to be believed."""

import hashlib
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

from harness.board.nodes import pinned

PACKAGES = ("numpy", "torch", "torchvision", "pyarrow", "pyserial", "scikit-learn")


def text(path: Path) -> Optional[str]:
    """Content of a small system file without NULs and surrounding space, or None where it can't be read."""
    try:
        return path.read_bytes().decode("utf-8", "replace").replace("\0", " ").strip()
    except OSError:
        return None


def boot_id(root: Path = Path("/")) -> str:
    return text(root / "proc/sys/kernel/random/boot_id") or "unknown"


def name(root: Path = Path("/")) -> str:
    """Host name and six hex digits of the board's serial number (of the machine id where there is none)."""
    serial = text(root / "proc/device-tree/serial-number") or text(root / "etc/machine-id") or ""
    return f"{socket.gethostname()}-{hashlib.sha256(serial.encode()).hexdigest()[:6]}"


def describe(root: Path = Path("/")) -> Dict[str, Any]:
    """The machine as JSON-able facts; what it does not have is left out."""
    facts = {
        "name": name(root),
        "hostname": socket.gethostname(),
        "board": text(root / "proc/device-tree/model"),
        "soc": text(root / "proc/device-tree/compatible"),
        "l4t": (text(root / "etc/nv_tegra_release") or "").split(", GCID")[0] or None,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpu": _cpu_name(root),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _cpu_name(root: Path) -> Optional[str]:
    for line in (text(root / "proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Hardware"):
            return value.strip()
    return None


def power_mode(root: Path = Path("/")) -> str:
    """What decides speed and power beside the work: governors, on a Jetson its mode and whether clocks are pinned."""
    on_jetson = (root / "etc/nv_tegra_release").exists()
    parts = [_nvpmodel(), "clocks pinned" if pinned(root) else "clocks free"] if on_jetson else []
    policies = sorted((root / "sys/devices/system/cpu/cpufreq").glob("policy*/scaling_governor"))
    governors = sorted({text(path) or "unreadable" for path in policies})
    parts += ["governor " + "+".join(governors)] if governors else []
    return ", ".join(parts) or "not exposed by this machine"


def _nvpmodel() -> str:
    try:
        answer = subprocess.run(
            ["nvpmodel", "-q"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            universal_newlines=True,
            timeout=10,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return "nvpmodel not readable"
    lines = [line.split(":", 1)[-1].strip() for line in answer.splitlines() if line.strip()]
    return "nvpmodel " + " ".join(lines)


def versions() -> Dict[str, str]:
    """Versions of what computes and measures, found without importing it."""
    if sys.version_info >= (3, 8):
        from importlib import metadata
    else:
        import importlib_metadata as metadata
    found = {"python": platform.python_version(), "code": code_digest()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def code_digest() -> str:
    """Identity of the code that runs on the device: a hash over the sources of harness, meters and workloads."""
    total = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    for package in ("harness", "meters", "workloads"):
        for path in _sources(root / package):
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]


def _sources(folder: Path) -> List[Path]:
    return sorted(folder.rglob("*.py"))
