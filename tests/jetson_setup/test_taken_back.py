"""Nothing is changed twice or by a dry run, and all of it is taken back."""

import pytest

from tests.jetson_setup.imitated_board import position


@pytest.mark.parametrize("tree", ["TX2-R32.7-rootonly", "OrinNano-R36"])
def test_a_second_run_changes_nothing(world, tree):
    board = world(tree, "cp36" if tree.startswith("TX2") else "cp310")
    options = ("--sensor-access", "--power-control", "--jtop")
    board.setup(*options)
    before = board.files()
    status, out, err = board.setup(*options)
    assert (status, err) == (0, "")
    assert board.changes() == []
    assert board.files() == before


def test_dry_run_shows_every_change_and_makes_none(tx2):
    before = tx2.files()
    status, out, err = tx2.setup("--dry-run", "--sensor-access", "--power-control", "--jtop")
    assert (status, err) == (0, "")
    assert tx2.changes() == [] and tx2.files() == before and not tx2.venv.exists()
    dry = [line.replace("would run: sudo ", "would run: ") for line in out.splitlines() if "would run" in line]
    tx2.setup("--sensor-access", "--jtop")
    for call in tx2.changes():
        command = call.split()[0] if " -m " not in call else "pip" if "pip" in call else "venv"
        assert any(command in line for line in dry), call
    assert 'would write /etc/udev/rules.d/90-edge-energy-meters.rules:\n    SUBSYSTEM=="tty"' in out


def test_undo_takes_back_what_was_done_and_nothing_else(tx2):
    tx2.write("packages", "git\nwget\n")
    before = tx2.files()
    tx2.setup("--sensor-access", "--power-control", "--jtop")
    assert tx2.files() != before
    status, out, err = tx2.setup("--undo")
    assert (status, err) == (0, "")
    assert tx2.files() == before and not tx2.venv.exists()
    calls = tx2.calls
    assert "gpasswd --delete ann dialout" in calls and "groupdel powersensors" in calls
    assert "pip3 uninstall -y jetson-stats" in calls
    assert "apt-mark auto libopenblas-dev" in calls and "apt-mark auto git" not in calls
    stops = position(calls, "systemctl disable --now edge-energy-sensor-access.service")
    assert stops < position(calls, "groupdel")  # closing the sensors needs the group
    assert "apt-get autoremove" in out
    status, out, _ = tx2.setup("--undo")
    assert status == 0 and "nothing to take back" in out and tx2.changes() == []


def test_undo_can_be_tried_dry(tx2):
    tx2.setup()
    before = tx2.files()
    status, out, _ = tx2.setup("--undo", "--dry-run")
    assert status == 0 and "would run: rm -rf" in out
    assert tx2.files() == before and tx2.venv.exists()
