"""What a wheel carries: the packages with their data, and the command."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}


def tracked(package):
    listed = subprocess.run(["git", "ls-files", package], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.split())


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what belongs into the wheel is what git tracks")
@pytest.mark.parametrize("package", ["harness", "meters", "workloads", "results", "extensions"])
def test_a_wheel_carries_every_tracked_file_of_the_packages(wheel, package):
    assert tracked(package) - set(wheel) == set()


def test_a_wheel_carries_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel if ".dist-info/" not in name}
    assert tops <= {"harness", "meters", "workloads", "results", "extensions"}


def test_a_wheel_brings_the_command_and_its_licence(wheel):
    entry = next(text for name, text in wheel.items() if name.endswith(".dist-info/entry_points.txt"))
    assert "harness = harness.cli:main" in entry
    metadata = next(text for name, text in wheel.items() if name.endswith(".dist-info/METADATA"))
    assert "License-Expression: Apache-2.0" in metadata
