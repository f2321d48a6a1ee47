"""The power state of a run: set only when asked for, and put back however the run ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import machine
from harness.board import hold, restore
from harness.board.hold import Asked, held
from harness.errors import UserError
from tests.harness.command import ROOT, children, harness
from tests.harness.test_board_state import pin
from tests.meters.imitated import extract

STUB = ROOT / "tests/setup/power_stub"
STOCK = "MAXP_CORE_ARM\n3\n"
CHANGES = ("nvpmodel -m", "jetson_clocks --store", "jetson_clocks --restore", "jetson_clocks ")
DRIVER = """
import sys, time
from pathlib import Path
from harness.board import hold
hold.SETTLE_S = 0
with hold.held(hold.Asked("MAXN", "locked"), print, Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


class Board:
    """An imitated TX2 whose sudo, nvpmodel and jetson_clocks record their calls."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.root, self.said = folder, extract("TX2-R32-idle", folder), []
        (folder / "bin").mkdir()
        for command in ("sudo", "nvpmodel", "jetson_clocks"):
            shutil.copy(str(STUB), str(folder / "bin" / command))
        (folder / "mode").write_text(STOCK)
        (folder / "calls").write_text("")
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
        monkeypatch.setenv("WORLD", str(folder))
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        monkeypatch.setattr(hold, "SETTLE_S", 0)

    def hold(self, *asked):
        return held(Asked(*asked), self.said.append, self.root)

    @property
    def mode(self):
        return int((self.folder / "mode").read_text().split()[1])

    @property
    def changes(self):
        """What was called that changes something, in order."""
        calls = [call + " " for call in (self.folder / "calls").read_text().splitlines()]
        short = [call.replace(str(restore.clocks_file()), "FILE").strip() for call in calls if call.startswith(CHANGES)]
        return [call for call in short if call != "jetson_clocks --show"]

    def restored_within(self, seconds):
        deadline = time.monotonic() + seconds
        while restore.state_file().exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not restore.state_file().exists()


@pytest.fixture
def board(tmp_path, monkeypatch):
    return Board(tmp_path, monkeypatch)


def test_nothing_is_called_when_nothing_is_asked(board):
    with board.hold():
        pass
    assert (board.folder / "calls").read_text() == ""


@pytest.mark.parametrize("asked", [0, "0", "MAXN"])
def test_mode_and_clocks_are_stored_set_and_put_back(board, asked):
    with board.hold(asked, "locked"):
        assert board.mode == 0 and restore.state_file().exists()
        assert board.changes == ["jetson_clocks --store FILE", "nvpmodel -m 0", "jetson_clocks"]
    assert board.changes[3:] == ["nvpmodel -m 3", "jetson_clocks --restore FILE"]
    assert board.mode == 3 and not restore.state_file().exists()
    assert board.said[0] == "power mode 0 (MAXN), was 3 (MAXP_CORE_ARM)"
    sudone = [call for call in (board.folder / "calls").read_text().splitlines() if call.startswith("sudo")]
    assert sudone and all(call.startswith("sudo -n ") for call in sudone)


def test_an_exception_puts_it_back_too(board):
    with pytest.raises(KeyboardInterrupt), board.hold("MAXN", None):
        raise KeyboardInterrupt
    assert board.mode == 3 and not restore.state_file().exists()


def test_what_is_so_already_is_left_alone(board):
    pin(board.root)
    with board.hold(3, "locked"):
        pass
    assert board.changes == []


def test_clocks_that_something_pinned_are_not_free(board):
    pin(board.root)
    with pytest.raises(UserError, match="something has pinned them"), board.hold(None, "free"):
        pass
    assert board.changes == []


def test_a_board_where_sudo_is_refused_is_told_in_a_sentence_and_not_changed(board):
    (board.folder / "refuse").write_text("")
    with pytest.raises(UserError, match="sudo: a password is required.*need no password") as refused:
        with board.hold(0, "locked"):
            pass
    assert refused.value.code == 1
    assert board.changes == [] and board.mode == 3 and not restore.state_file().exists()


def test_an_unknown_mode_is_named_with_those_that_there_are(board):
    with pytest.raises(UserError, match=r"no power mode 'MAXX'; there are: 0 \(MAXN\), 1 \(MAXQ\), 3"):
        with board.hold("MAXX", None):
            pass
    assert board.changes == []


def test_a_board_that_does_not_list_its_modes_takes_a_number(board):
    (board.folder / "silent").write_text("")
    with board.hold(1, None):
        assert board.mode == 1
    assert board.mode == 3
    with pytest.raises(UserError, match="no power mode 'MAXQ'; there are: none that it tells"), board.hold("MAXQ"):
        pass


def test_a_mode_that_wants_a_reboot_first_is_refused(board):
    (board.folder / "stubborn").write_text("")
    with pytest.raises(UserError, match="wants a reboot does: sudo nvpmodel -m 0 by hand"), board.hold(0, None):
        pass
    assert board.mode == 3 and not restore.state_file().exists()


def test_a_machine_that_is_no_jetson_refuses(board, tmp_path):
    with pytest.raises(UserError, match="this machine is no Jetson") as refused, held(Asked(0), print, tmp_path):
        pass
    assert refused.value.code == 2 and board.changes == []


def start_driver(board):
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(board.root)], cwd=str(ROOT), stdout=subprocess.PIPE, universal_newlines=True
    )
    while process.stdout.readline().strip() != "held":
        assert process.poll() is None
    return process


def test_kill_9_of_the_run_leaves_it_to_the_guard(board):
    process = start_driver(board)
    assert board.mode == 0
    process.kill()
    process.wait()
    assert board.restored_within(20)
    assert board.mode == 3 and board.changes[-2:] == ["nvpmodel -m 3", "jetson_clocks --restore FILE"]


def test_a_power_cut_leaves_it_to_the_next_command(board, tmp_path):
    """Everything dies at once, and the board is on again: its mode is still the run's, its clocks are not."""
    process = start_driver(board)
    guard = children(process.pid)["harness.board.guard"]
    os.kill(guard, signal.SIGKILL)
    process.kill()
    process.wait()
    kept = dict(json.loads(restore.state_file().read_text()), boot_id="the boot before")
    restore.state_file().write_text(json.dumps(kept))
    before = len(board.changes)
    done = harness("status", tmp_path)
    assert "a run ended without putting the power state back" in done.stderr, done.stderr
    assert board.mode == 3 and board.changes[before:] == ["nvpmodel -m 3"]
    assert not restore.state_file().exists()


def test_a_dead_guard_leaves_it_to_the_run_itself(board):
    with board.hold(0, None):
        os.kill(children(os.getpid())["harness.board.guard"], signal.SIGKILL)
    assert board.mode == 3 and "a run ended without" in board.said[-1]


def test_another_command_leaves_a_run_at_work_alone(board):
    with board.hold(0, None):
        restore.recover(board.said.append)
        assert board.mode == 0 and len(board.said) == 1


def test_what_cannot_be_put_back_is_said_and_kept(board):
    with board.hold(0, None):
        (board.folder / "refuse").write_text("")
    assert "could not be put back" in board.said[-1] and restore.state_file().exists()
    (board.folder / "refuse").unlink()
    restore.recover(board.said.append)
    assert board.mode == 3 and not restore.state_file().exists()


def test_the_power_mode_of_a_row_says_whether_clocks_were_pinned(board):
    assert machine.power_mode(board.root) == "nvpmodel MAXP_CORE_ARM 3, clocks free"
    pin(board.root)
    assert machine.power_mode(board.root).endswith("clocks pinned")


@pytest.mark.skipif(Path("/etc/nv_tegra_release").exists(), reason="this is a Jetson")
def test_harness_run_refuses_a_power_mode_elsewhere(tmp_path, board):
    done = harness("run", "tiny", "--power-mode", "0", "--out", tmp_path / "runs")
    assert done.returncode == 2 and "this machine is no Jetson" in done.stderr
