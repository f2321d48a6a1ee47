"""What an installed package adds stands beside what is built in, and never in its place.  Runs on Python 3.6 too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from extensions import Kind, Refused

ROOT = Path(__file__).parent.parent
THINGS = Kind("thing", "workloads.draws", "harness.things", api=2)
METER = '''"""A made-up supply of 5 W."""

from meters.base import Channel, Polled

API = 1


class Meter(Polled):
    channels = (Channel("dc", "dc_input"),)
    columns = ("dc_power_W",)
    total = ("dc",)
    period_s = 0.01
    simulated = True

    def __init__(self, watts: float = 5.0) -> None:
        self.watts = watts

    def read_row(self):
        return (self.watts,)
'''
METHOD = '''"""Dense training, half as long."""

from workloads.job import Charge

API = 1


def recipe(job, *, share: float = 0.5):
    return [Charge(job.training("train", epochs=max(1, int(job.epochs * share)), milestones=()))]
'''
CONTRACT = """
from harness import contract

for check in contract.meter("fixed") + contract.method("half"):
    check()
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Make a folder an installed package: files by name, and its entry points."""

    def install(entry_points, **files):
        for name, text in files.items():
            (tmp_path / (name + ".py")).write_text(text, encoding="utf-8")
        info = tmp_path / "bench_tools-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-tools\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return tmp_path

    return install


def harness(folder, *arguments):
    """Run the command with a folder of packages, as a user has them."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)]))
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        cwd=str(folder),
        env=environment,
    )


def test_a_module_of_a_package_is_found_by_the_name_of_its_entry_point(installed):
    installed("[harness.things]\nfifth = its_fifth\n", its_fifth='"""A fifth way."""\nAPI = 2\n')
    assert "fifth" in THINGS.names() and "magnitude" in THINGS.names()
    assert THINGS.find("fifth").__name__ == "its_fifth"
    assert THINGS.purpose("fifth") == "A fifth way."


@pytest.mark.parametrize(
    "name, source, sentence",
    [
        ("filters", "API = 2\n", "which is the name of a built-in one: uninstall the package"),
        ("fifth", "API = 1\n", r"says API = 1, this harness has version 2: install a release of it that fits"),
        ("fifth", "", "says API = None, this harness has version 2"),
        ("fifth", "import no_such_library\n", "does not load from other: No module named 'no_such_library'"),
        ("sixth", "API = 2\n", r"no thing 'fifth' \(did you mean sixth\?\); there are: filters, magnitude, "),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(installed, monkeypatch, name, source, sentence):
    monkeypatch.delitem(sys.modules, "other", raising=False)
    installed(f"[harness.things]\n{name} = other\n", other=source)
    with pytest.raises(Refused, match=sentence):
        THINGS.find("fifth")


def test_a_meter_and_a_method_of_a_package_work_on_the_command_line(installed):
    folder = installed("[harness.meters]\nfixed = bench_meter\n[harness.methods]\nhalf = bench_method\n",
                       bench_meter=METER, bench_method=METHOD)  # fmt: skip
    listed = harness(folder, "-m", "harness", "meters")
    assert "A made-up supply of 5 W." in listed.stdout, listed.stderr
    measured = harness(folder, "-m", "harness", "measure", "--meter", "fixed:watts=7", "--", "sleep", "0.5")
    assert measured.returncode == 0 and "7" in measured.stderr, measured.stderr
    (folder / "own.toml").write_text(
        'models = ["vgg16"]\ndatasets = ["synthetic"]\n[training]\nepochs = 8\n[methods.half]\nshare = 0.25\n',
        encoding="utf-8",
    )
    planned = harness(folder, "-m", "harness", "run", "own.toml", "--meter", "none", "--dry-run")
    assert "up to 2 epochs" in planned.stdout, planned.stderr
    kept = harness(folder, "-c", CONTRACT)
    assert kept.returncode == 0, kept.stderr
