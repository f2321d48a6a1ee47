"""Who may call the script, where and how; any other way is refused in one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jetson_setup.imitated_board import ROOT, SCRIPT


def test_shellcheck_finds_nothing_to_say():
    checker = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert checker, "shellcheck is missing: install the extra test"
    for script in (SCRIPT, *sorted((ROOT / "tests/setup").iterdir()), ROOT / ".ci/run"):
        done = subprocess.run([checker, str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_any_other_machine_is_refused_with_one_sentence(world):
    pc = world("NotAJetson")
    before = pc.files()
    for options in ((), ("--dry-run",), ("--undo",)):
        status, out, err = pc.setup(*options)
        assert status == 1 and out == "" and len(err.splitlines()) == 1
        assert "no Jetson" in err and "make demo" in err
    assert pc.changes() == [] and pc.files() == before


@pytest.mark.parametrize(
    "options, word",
    [(["--sensors"], "--sensor-access"), (["--torch-wheel"], ".whl"), (["--torch-wheel", "absent.whl"], "absent.whl")],
)
def test_misuse_is_one_sentence_and_exit_status_2(tx2, options, word):
    status, out, err = tx2.setup(*options)
    assert (status, out) == (2, "") and word in err and len(err.splitlines()) == 1


def test_sudo_around_the_script_is_refused(tx2):
    (tx2.folder / "bin/id").write_text("#!/bin/sh\necho 0\n")
    status, _, err = tx2.setup(SUDO_USER="ann")
    assert status == 2 and "run it as ann" in err


def test_help_names_every_option(tx2):
    status, out, _ = tx2.setup("--help")
    assert status == 0
    for option in (
        "--dry-run",
        "--undo",
        "--torch-wheel",
        "--no-torchvision",
        "--sensor-access",
        "--power-control",
        "--jtop",
    ):
        assert option in out
    assert not out.startswith("#!") and "set -euo" not in out
