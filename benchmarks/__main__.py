"""Run every benchmark, each in a process of its own: JSON lines on stdout, exit status 1 when one misses its limit."""

import json
import subprocess
import sys
from pathlib import Path

SHARED = ("__main__", "__init__", "paired", "recorded", "recording", "augmentation", "loops")


def main() -> int:
    missed = 0
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem in SHARED:
            continue
        command = [sys.executable, "-m", "benchmarks." + path.stem]
        done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True)
        print(done.stdout, end="", flush=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        missed += bool(done.returncode) or not all(line.get("ok", True) for line in lines)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
