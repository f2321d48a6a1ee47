"""jetson_setup.sh on imitated boards, with every command it calls replaced by one that records the call."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meters.imitated import extract

HERE = Path(__file__).parent
SCRIPT = HERE.parent / "jetson_setup.sh"
COMMANDS = (
    "sudo id getent usermod groupadd groupdel gpasswd dpkg-query apt-get apt-mark wget git tar python3 pip3 udevadm "
    "systemctl ldconfig visudo nvpmodel jetson_clocks"
).split()
CHANGING = ("apt-get", "usermod", "groupadd", "wget", "git", "tar", "udevadm", "systemctl", "ldconfig", "pip3")
STATE = "var/lib/edge-energy-harness/jetson_setup.state"
R32_WHEEL = "torch-1.10.0-cp36-cp36m-linux_aarch64.whl"


class World:
    """An imitated board as root file system, and what the stub commands keep."""

    def __init__(self, folder, tree, python_tag):
        self.folder, self.root, self.venv = folder, extract(tree, folder), folder / "venv"
        (folder / "bin").mkdir()
        for command in COMMANDS:
            shutil.copy(str(HERE / "setup/stub"), str(folder / "bin" / command))
        self.write("memberships", "ann\n")
        self.write("groups", "dialout\ni2c\nvideo\n")
        self.write("python-tag", python_tag)
        self.write("l4t-core", "")

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def setup(self, *options, **environment):
        """Run the script; returns (exit status, stdout, stderr) and leaves the calls of this run in `calls`."""
        self.write("calls", "")
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "ROOT": str(self.root),
            "VENV": str(self.venv),
            "WORLD": str(self.folder),
            **environment,
        }
        done = subprocess.run(["bash", str(SCRIPT), *options], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    @property
    def calls(self):
        """What was called in the last run, in order; what sudo was given is there as a call of its own."""
        return [call for call in (self.folder / "calls").read_text().splitlines() if not call.startswith("sudo ")]

    @property
    def as_root(self):
        calls = (self.folder / "calls").read_text().splitlines()
        return [call[len("sudo ") :] for call in calls if call.startswith("sudo ")]

    def changes(self):
        """The calls of the last run that change the system or the environment."""
        return [call for call in self.calls if call.split()[0] in CHANGING or " -m " in call]

    def files(self):
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and not path.is_symlink()
        }


@pytest.fixture
def world(tmp_path):
    return lambda tree, python_tag="cp36": World(tmp_path, tree, python_tag)


@pytest.fixture
def tx2(world):
    return world("TX2-R32.7-rootonly")


def position(calls, *words):
    """Index of the only call that contains all words."""
    found = [i for i, call in enumerate(calls) if all(word in call for word in words)]
    assert len(found) == 1, (words, calls)
    return found[0]


def test_shellcheck_finds_nothing_to_say():
    checker = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert checker, "shellcheck is missing: install the extra test"
    for script in (SCRIPT, *sorted((HERE / "setup").iterdir()), HERE.parent / ".ci/run"):
        done = subprocess.run([checker, str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_tx2_gets_packages_then_nvidias_torch_then_the_harness(tx2):
    status, out, err = tx2.setup()
    assert (status, err) == (0, "")
    assert "tegra186, L4T R32.7.1, compute capability 6.2" in out
    calls = tx2.calls
    order = [
        position(calls, "apt-get install -y", "libopenblas-dev", "cuda-toolkit-10-2 libcudnn8"),
        position(calls, "python3 -m venv --clear --system-site-packages"),
        position(calls, "pip install pip==21.3.1 setuptools==59.6.0 wheel==0.37.1"),
        position(calls, "wget", R32_WHEEL),
        position(calls, "pip install", R32_WHEEL),
        position(calls, "git clone", "v0.11.1"),
        position(calls, "pip install --no-build-isolation --no-deps"),
        position(calls, "pip install --constraint", "--editable"),
    ]
    assert order == sorted(order)
    assert {call.split()[0] for call in tx2.as_root} == {"apt-get", "usermod", "udevadm", "mkdir", "tee", "chmod"}
    assert "log out and in again" in out and out.endswith("harness doctor\n")


def test_openblas_is_told_the_core_in_the_shell_and_at_every_start_of_python(tx2):
    tx2.setup()
    assert (tx2.venv / "bin/activate").read_text() == "export OPENBLAS_CORETYPE=ARMV8\n"
    hook = (tx2.venv / "lib/site-packages/openblas_coretype.pth").read_text()
    assert hook.startswith("import ") and len(hook.splitlines()) == 1  # the form that Python runs at start
    environment = {"PATH": os.environ["PATH"]}
    code = hook + "print(os.environ['OPENBLAS_CORETYPE'])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "ARMV8\n"


def test_device_rules_open_meters_to_dialout_and_the_user_joins_existing_groups_only(tx2):
    tx2.write("groups", "dialout\n")
    _, out, _ = tx2.setup()
    rules = (tx2.root / "etc/udev/rules.d/90-edge-energy-meters.rules").read_text()
    assert 'GROUP="dialout"' in rules and "ID_MM_DEVICE_IGNORE" in rules
    assert [call for call in tx2.calls if call.startswith("usermod")] == ["usermod -aG dialout ann"]


@pytest.mark.parametrize(
    "tree, python_tag, wheel, vision, capability",
    [
        ("Nano-R32", "cp36", "torch-1.10.0-cp36", "v0.11.1", "5.3"),
        ("XavierNX-R35", "cp38", "torch-2.1.0a0", "v0.16.1", "7.2"),
        ("OrinNano-R36", "cp310", "torch-2.5.0a0", "v0.20.0", "8.7"),
    ],
)
def test_each_generation_gets_its_own_torch(world, tree, python_tag, wheel, vision, capability):
    board = world(tree, python_tag)
    status, out, err = board.setup()
    assert (status, err) == (0, "")
    assert f"compute capability {capability}" in out
    position(board.calls, "wget", wheel)
    position(board.calls, "git clone", vision)
    assert any(call.startswith(f"python - {capability}") for call in board.calls)
    assert any("libcusparseLt.so" in name for name in board.files()) == (tree == "OrinNano-R36")
    assert ("numpy<2" in "\n".join(board.calls)) == (python_tag != "cp36")


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


def test_an_environment_left_half_made_by_an_interrupted_run_is_made_anew(tx2):
    (tx2.venv / "bin").mkdir(parents=True)
    shutil.copy(str(HERE / "setup/stub"), str(tx2.venv / "bin/python"))
    assert tx2.setup()[0] == 0
    position(tx2.calls, "python3 -m venv --clear")


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


def test_the_sensors_stay_closed_unless_asked_and_why_is_said(tx2):
    _, out, _ = tx2.setup()
    assert "closed them on purpose" in out
    assert not any("powersensors" in call for call in tx2.calls)
    assert (tx2.root / STATE).exists()


@pytest.mark.parametrize("tree, python_tag", [("TX2-R32.7-rootonly", "cp36"), ("OrinNano-R36", "cp310")])
def test_the_sensor_unit_opens_the_sensors_to_one_group_and_closes_them_again(world, tree, python_tag):
    board = world(tree, python_tag)
    board.setup("--sensor-access")
    unit = (board.root / "etc/systemd/system/edge-energy-sensor-access.service").read_text()
    assert "ExecStart=/usr/local/sbin/edge-energy-sensor-access open" in unit
    assert "ExecStop=/usr/local/sbin/edge-energy-sensor-access close" in unit
    script = board.root / "usr/local/sbin/edge-energy-sensor-access"
    assert script.stat().st_mode & 0o777 == 0o755

    def modes():
        return {path: stat.S_IMODE(path.stat().st_mode) for path in (board.root / "sys").rglob("*_input*")}

    def switch(word):
        environment = {"PATH": os.environ["PATH"], "ROOT": str(board.root), "GROUP": str(os.getgid())}
        subprocess.run([str(script), word], env=environment, check=True)

    before = modes()
    switch("open")
    sensors = [path for path in before if "curr" in path.name or "in_power" in path.name]
    assert sensors and all(modes()[path] & 0o040 for path in sensors)
    assert all(mode & 0o007 == before[path] & 0o007 for path, mode in modes().items())  # nobody else
    switch("open")
    switch("close")
    assert modes() == before


def test_power_control_is_for_two_commands_and_only_when_asked(tx2):
    rule = tx2.root / "etc/sudoers.d/edge-energy-harness"
    tx2.setup()
    assert not rule.exists()
    tx2.setup("--power-control")
    commands = ", ".join(str(tx2.folder / "bin" / name) for name in ("nvpmodel", "jetson_clocks"))
    assert rule.read_text() == f"ann ALL=(root) NOPASSWD: {commands}\n"
    assert stat.S_IMODE(rule.stat().st_mode) == 0o440
    calls = tx2.as_root
    assert position(calls, "visudo -c -f") < position(calls, "tee", "sudoers.d")


def test_a_rule_that_visudo_refuses_is_never_put_in_place(tx2):
    tx2.write("bad-rule", "")
    status, _, err = tx2.setup("--power-control")
    assert status == 1 and "visudo does not accept" in err
    assert not (tx2.root / "etc/sudoers.d/edge-energy-harness").exists()


def test_power_control_without_its_commands_is_refused(tx2):
    (tx2.folder / "bin/nvpmodel").unlink()
    status, _, err = tx2.setup("--power-control")
    assert status == 1 and "--power-control has nothing to allow" in err


def test_jtop_goes_into_the_system_python_and_only_when_asked(tx2):
    tx2.setup("--jtop")
    position(tx2.as_root, "pip3 install", "jetson-stats==4.3.2")
    assert "usermod -aG jtop ann" in tx2.calls and "systemctl restart jtop.service" in tx2.calls


def test_a_wheel_of_ones_own_is_used_instead_of_a_download(tx2, tmp_path):
    wheel = tmp_path / "torch-1.9.0-cp36-cp36m-linux_aarch64.whl"
    wheel.touch()
    status, _, _ = tx2.setup("--torch-wheel", str(wheel))
    assert status == 0
    position(tx2.calls, "pip install", str(wheel))
    position(tx2.calls, "git clone", "v0.10.0")
    assert not any(call.startswith("wget") for call in tx2.calls)


def test_a_torch_without_cuda_stops_everything_after_it(tx2):
    tx2.write("torch-trouble", "torch 1.10.0 sees no CUDA device\n")
    status, _, err = tx2.setup()
    assert status == 1 and "sees no CUDA device" in err and "--torch-wheel" in err
    assert not any("--editable" in call for call in tx2.calls)


def test_no_torchvision_builds_none(tx2):
    status, _, _ = tx2.setup("--no-torchvision")
    assert status == 0 and not any(call.startswith("git") for call in tx2.calls)


def test_little_memory_brings_advice_before_the_long_build(tx2):
    (tx2.root / "proc/meminfo").write_text("MemTotal:        4051000 kB\nSwapTotal:             0 kB\n")
    _, out, _ = tx2.setup()
    assert "needs swap" in out and "swapon" in out


def test_an_unknown_torchvision_is_left_to_the_user(tx2, tmp_path):
    wheel = tmp_path / "torch-1.8.0-cp36-cp36m-linux_aarch64.whl"
    wheel.touch()
    status, out, _ = tx2.setup("--torch-wheel", str(wheel))
    assert status == 0 and "belongs to torch 1.8.0" in out


def test_the_wrong_python_is_refused_before_a_download(tx2):
    tx2.write("python-tag", "cp38")
    status, _, err = tx2.setup()
    assert status == 1 and "cp38" in err and R32_WHEEL in err
    assert not any(call.startswith("wget") for call in tx2.calls)


def test_the_release_can_come_from_the_package_or_by_hand(tx2):
    (tx2.root / "etc/nv_tegra_release").unlink()
    tx2.write("l4t-core", "32.7.6-20241104234540")
    assert "L4T R32.7.6," in tx2.setup("--dry-run")[1]
    assert "L4T R32.6.1," in tx2.setup("--dry-run", L4T_VERSION="32.6.1")[1]


def test_a_release_without_a_known_torch_asks_for_a_wheel(world):
    status, _, err = world("OrinNano-R36", "cp312").setup(L4T_VERSION="39.0.0")
    assert status == 1 and "R39.0.0" in err and "--torch-wheel FILE" in err


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
