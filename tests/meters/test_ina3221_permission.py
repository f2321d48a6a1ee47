"""A sensor that only root may read: the error names the reason and a command, and the command mends it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from meters.errors import MeterError
from meters.ina3221 import Meter
from tests.meters.imitated import build_hwmon, extract

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
READ_VDD_IN = """
import os, sys
from meters.errors import MeterError
from meters.ina3221 import Meter
os.setgid({nobody})
os.setuid({nobody})
try:
    print(Meter(root=sys.argv[1]).read()["VDD_IN"]["power_W"])
except MeterError as error:
    print(error)
"""


@pytest.fixture
def open_folder():
    """A folder that every user can enter; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(str(folder))


def as_nobody(root):
    script = READ_VDD_IN.format(nobody=NOBODY)
    command = [sys.executable, "-c", script, str(root)]
    done = subprocess.run(command, cwd=str(REPOSITORY), stdout=subprocess.PIPE, universal_newlines=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_the_command_in_the_error_mends_it(open_folder):
    root = extract("TX2-R32.7-rootonly", open_folder)
    sentence = as_nobody(root)
    assert sentence.startswith("no permission to read ") and "R32.5" in sentence and "Run as root" in sentence
    subprocess.run(["sh", "-c", sentence.split(": sudo ")[1]], check=True)
    assert as_nobody(root) == "14.025"


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything; the test above runs instead")
def test_another_user_is_told_why(tmp_path):
    with pytest.raises(MeterError, match="no permission to read .*sudo chmod o[+]r"):
        Meter(root=str(extract("TX2-R32.7-rootonly", tmp_path))).read()


def test_numbers_that_only_root_may_open(tmp_path, monkeypatch):
    chips = {"1-0040": (("VDD_IN", 5000, 800), ("VDD_SOC", 5000, 100))}
    meter = Meter(root=str(build_hwmon(tmp_path, "nvidia,tegra234", chips, 5000)))

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(MeterError, match="in1_input.*sudo chmod o[+]r .*/hwmon/hwmon[*]/in[*]_label"):
            meter.open()
    assert meter.read()["VDD_IN"]["power_W"] == 4.0
