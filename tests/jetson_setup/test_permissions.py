"""What the user may do afterwards: meters without asking, sensors, power states and jtop only where asked for."""

import os
import stat
import subprocess

import pytest

from tests.jetson_setup.imitated_board import position

STATE = "var/lib/edge-energy-harness/jetson_setup.state"


def test_device_rules_open_meters_to_dialout_and_the_user_joins_existing_groups_only(tx2):
    tx2.write("groups", "dialout\n")
    _, out, _ = tx2.setup()
    rules = (tx2.root / "etc/udev/rules.d/90-edge-energy-meters.rules").read_text()
    assert 'GROUP="dialout"' in rules and "ID_MM_DEVICE_IGNORE" in rules
    assert [call for call in tx2.calls if call.startswith("usermod")] == ["usermod -aG dialout ann"]


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
