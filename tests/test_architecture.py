"""What an import costs: nothing heavy is loaded before it is needed.  Runs on Python 3.6 too."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TRAINING = {"torch", "torchvision"}
HEAVY = TRAINING | {"numpy", "pyarrow", "serial", "rich", "pandas", "matplotlib"}
HELP = """
import sys
from harness.cli import main
sys.argv = ["harness", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""


def loaded_by(program):
    """Top-level packages that a fresh interpreter has loaded after `program`."""
    program += "\nimport sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=True, cwd=str(ROOT))
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "module, forbidden",
    [
        ("harness", HEAVY),
        ("harness.cli", HEAVY),
        ("extensions", HEAVY),
        ("meters", HEAVY),
        ("meters.spec", HEAVY),
        ("workloads", HEAVY),
        ("workloads.job", HEAVY),
        ("workloads.tickets", TRAINING | {"pyarrow"}),
    ],
)
def test_an_import_loads_nothing_heavy(module, forbidden):
    assert not loaded_by("import " + module) & forbidden


def test_help_loads_nothing_heavy():
    assert not loaded_by(HELP) & HEAVY


def test_no_meter_needs_torch_or_an_optional_library_to_be_imported():
    modules = ["meters." + path.stem for path in (ROOT / "meters").glob("*.py") if path.stem != "__init__"]
    optional = {"Crypto", "Cryptodome", "jtop", "pynvml"}
    assert not loaded_by("import " + ", ".join(sorted(modules))) & (TRAINING | optional)
