"""The harness as its users start it: a command in a process of its own, and its children."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def harness(*arguments, **options):
    """Run `harness ...` to its end; returns the completed process with text output."""
    return subprocess.run(
        [sys.executable, "-m", "harness"] + [str(argument) for argument in arguments],
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        **options,
    )


def start(*arguments):
    """Start `harness ...` in a session of its own, its output thrown away."""
    return subprocess.Popen(
        [sys.executable, "-m", "harness"] + [str(argument) for argument in arguments],
        cwd=str(ROOT),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def children(parent):
    """{module: pid} of the Python modules that run as children of `parent`, such as harness.worker."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path("/proc", entry, "stat").read_text()
            words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent and b"-m" in words:
            found[words[words.index(b"-m") + 1].decode()] = int(entry)
    return found
