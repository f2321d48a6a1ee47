import importlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import doctor
from harness.board import nodes
from harness.commands.doctor import command
from harness.doctor import DOUBT, OK, SPOILS
from tests.meters.imitated import TREES, extract

NOBODY = 65534


def write(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(content))


def look(name, root, **said):
    module = importlib.import_module("harness.doctor." + name)
    unheard = dict.fromkeys(getattr(module, "COMMANDS", {}))
    return module.check(root, {**unheard, **said})


@pytest.mark.parametrize("name", TREES)
def test_every_check_has_a_finding_for_every_board_even_when_no_command_answers(tree, name):
    findings = doctor.examine(tree(name), run=lambda command: None)
    assert sorted(findings) == doctor.checks()
    for finding in findings.values():
        assert finding.state in (OK, DOUBT, SPOILS) and finding.evidence
        assert bool(finding.mend) == (finding.state != OK)


def test_a_machine_without_anything_readable_gets_findings_too(tmp_path):
    assert sorted(doctor.examine(tmp_path, run=lambda command: "")) == doctor.checks()


@pytest.mark.parametrize("name, expected", [("TX2-R32-idle", (32, 7)), ("OrinNano-R36", (36, 4)), ("NotAJetson", None)])
def test_the_release_of_jetson_linux(tree, name, expected):
    assert nodes.l4t(tree(name)) == expected


def test_the_stock_power_mode_of_a_tx2_is_a_doubt_and_its_largest_is_not(tx2):
    stock = look("power_mode", tx2, nvpmodel="NV Power Mode: MAXP_CORE_ARM\n3")
    assert stock.state == DOUBT and "3 (MAXP_CORE_ARM)" in stock.evidence and "nvpmodel -m" in stock.mend
    fan_warning = "NVPM WARN: fan mode is not set!\n"
    assert look("power_mode", tx2, nvpmodel=fan_warning + "NV Power Mode: MAXN\n0").state == OK
    assert look("power_mode", tx2).state == DOUBT


def test_clocks_float_until_jetson_clocks_pins_them(tx2):
    floating = look("clocks", tx2)
    assert floating.state == DOUBT and "17000000.gp10b 114.75 to 1300.5 MHz" in floating.evidence
    assert "memory at 408 of 1866 MHz" in floating.evidence and "jetson_clocks --store" in floating.mend
    write(tx2, "sys/class/devfreq/17000000.gp10b/min_freq", 1300500000)
    write(tx2, "sys/kernel/debug/bpmp/debug/clk/emc/rate", 1866000000)
    assert look("clocks", tx2).state == OK


def test_a_governor_that_follows_the_load_is_a_doubt_and_pinned_clocks_are_not(tx2, tmp_path):
    floating = look("governor", tx2)
    assert floating.state == DOUBT and "schedutil" in floating.evidence and "345.6 to 2035.2 MHz" in floating.evidence
    assert floating.mend == "sudo jetson_clocks"
    for policy in (tx2 / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"):
        write(policy, "scaling_min_freq", (policy / "scaling_max_freq").read_text())
    assert look("governor", tx2).state == OK
    write(tmp_path / "pc", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n")
    write(tmp_path / "pc", "sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq", 800000)
    write(tmp_path / "pc", "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", 4000000)
    assert "performance" in look("governor", tmp_path / "pc").mend
    write(tmp_path / "pc", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n")
    assert look("governor", tmp_path / "pc").state == OK


def test_a_fan_that_follows_the_temperature_on_both_generations(tree, tx2):
    follows = look("fan", tx2)
    assert follows.state == DOUBT and "temp_control" in follows.mend and "pwm 0 of 255" in follows.evidence
    write(tx2, "sys/devices/pwm-fan/temp_control", 0)
    assert look("fan", tx2).state == OK
    orin = look("fan", tree("OrinNano-R36"), nvfancontrol="active")
    assert orin.state == DOUBT and "pwm 66 of 255" in orin.evidence and "hwmon0/pwm1" in orin.mend
    assert look("fan", tree("OrinNano-R36"), nvfancontrol="inactive").state == OK


def test_the_hottest_zone_counts_without_the_constant_and_the_gated_ones(tree, tx2):
    cool = look("temperature", tx2)
    assert cool.state == OK and "BCPU-therm 35.5 degrees C" in cool.evidence and "of 7 zones" in cool.evidence
    assert "of 6 zones" in look("temperature", tree("OrinNano-R36")).evidence
    write(tx2, "sys/devices/virtual/thermal/thermal_zone2/temp", 71500)
    write(tx2, "sys/devices/virtual/thermal/thermal_zone4/temp", -256000)
    hot = look("temperature", tx2)
    assert hot.state == DOUBT and "GPU-therm 71.5 degrees C, of 6 zones" in hot.evidence


def test_throttling_by_counter_and_by_log(tree, tx2):
    orin = look("throttling", tree("OrinNano-R36"))
    assert orin.state == DOUBT and "37 x instantaneous over-current (oc3)" in orin.evidence
    assert look("throttling", tx2, dmesg="[    1.0] Linux version 4.9.253-tegra").state == OK
    line = "[  812.1] CPU0: Core temperature above threshold, cpu clock throttled"
    logged = look("throttling", tx2, dmesg="[    1.0] Linux version\n" + line)
    assert logged.state == DOUBT and line in logged.evidence
    write(tx2, "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", 4)
    assert "4 thermal throttle events" in look("throttling", tx2).evidence


@pytest.mark.parametrize(
    "kind, level, state", [("cpu-balanced", 2, DOUBT), ("cpu-balanced", 0, OK), ("intel_powerclamp", -1, OK)]
)
def test_a_device_that_slows_something_down_to_cool_it(tx2, kind, level, state):
    write(tx2, "sys/class/thermal/cooling_device0/type", "pwm-fan\n")
    write(tx2, "sys/class/thermal/cooling_device0/cur_state", "3\n")
    write(tx2, "sys/class/thermal/cooling_device1/type", kind + "\n")
    write(tx2, "sys/class/thermal/cooling_device1/cur_state", f"{level}\n")
    found = look("throttling", tx2)
    assert found.state == state and "fan" not in found.evidence
    assert state == OK or "now: cpu-balanced-1 slows something down (level 2)" in found.evidence


def test_swap_and_zram(tmp_path):
    head = "Filename\t\t\tType\t\tSize\tUsed\tPriority\n"
    write(tmp_path, "proc/swaps", head)
    assert look("swap", tmp_path).state == OK
    write(tmp_path, "proc/swaps", head + "/dev/zram0 partition\t670204\t20480\t5\n")
    zram = look("swap", tmp_path)
    assert zram.state == DOUBT and "/dev/zram0 (20 MiB in use)" in zram.evidence and "nvzramconfig" in zram.mend
    write(tmp_path, "proc/swaps", head + "/mnt/swap file\t8388604\t0\t-2\n")
    assert look("swap", tmp_path).mend == "sudo swapoff -a"


def test_a_desktop_and_timers_are_named_with_the_command_that_stops_them(tmp_path):
    assert look("desktop", tmp_path, manager="active").state == DOUBT
    assert look("desktop", tmp_path, manager="inactive").state == OK
    active = look("timers", tmp_path, states="active\ninactive\nfailed\nactive")
    assert active.state == DOUBT and active.mend == "sudo systemctl stop apt-daily.timer snapd.service"
    assert look("timers", tmp_path, states="inactive\ninactive\ninactive\ninactive").state == OK


def test_other_loads_are_named(tmp_path):
    write(tmp_path, "proc/loadavg", "0.08 0.20 0.31 1/301 4242")
    assert look("load", tmp_path).state == OK
    write(tmp_path, "proc/loadavg", "1.52 0.20 0.31 1/301 4242")
    busy = look("load", tmp_path, busiest=" 97.0 compiz\n  3.1 Xorg\n")
    assert busy.state == DOUBT and "1.52" in busy.evidence and "compiz 97.0 %, Xorg 3.1 %" in busy.evidence


@pytest.mark.parametrize("status, state", [("Discharging", SPOILS), ("Charging", DOUBT), ("Full", OK)])
def test_a_battery(tmp_path, status, state):
    write(tmp_path, "sys/class/power_supply/BAT0/type", "Battery\n")
    write(tmp_path, "sys/class/power_supply/BAT0/status", status + "\n")
    write(tmp_path, "sys/class/power_supply/AC/type", "Mains\n")
    found = look("battery", tmp_path)
    assert found.state == state and "BAT0 is " + status.lower() in found.evidence


@pytest.mark.parametrize("label", ["System clock synchronized", "NTP synchronized"])
def test_clock_synchronisation_in_old_and_new_words(tmp_path, label):
    assert look("clock_sync", tmp_path, timedatectl=label + ": yes").state == OK
    unset = look("clock_sync", tmp_path, timedatectl=label + ": no")
    assert unset.state == DOUBT and "set-ntp true" in unset.mend


@pytest.mark.parametrize("free_kib, state", [(50 << 20, OK), (1 << 20, DOUBT), (1000, SPOILS)])
def test_room_on_the_disk(tmp_path, free_kib, state):
    df = f"Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/mmcblk0p1 28768292 9 {free_kib} 64% /"
    assert look("disk", tmp_path, df=df).state == state


def test_readable_sensors_are_listed_with_their_total(tree):
    assert "whole input: VDD_IN" in look("sensors", tree("TX2-R32-idle")).evidence
    assert "POM_5V_GPU" in look("sensors", tree("Nano-R32")).evidence
    assert look("sensors", tree("NotAJetson")).state == OK


def test_a_jetson_without_its_sensor_spoils(tx2):
    shutil.rmtree(str(tx2 / "sys/bus/i2c"))
    assert look("sensors", tx2).state == SPOILS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_sensors_that_only_root_may_read_spoil_for_anybody_else():
    folder = tempfile.mkdtemp()  # unlike pytest's own folders, one that every user may be let into
    try:
        os.chmod(folder, 0o755)
        root = extract("TX2-R32.7-rootonly", Path(folder))
        os.seteuid(NOBODY)
        closed = look("sensors", root)
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)
    assert closed.state == SPOILS and "permission" in closed.evidence and "--sensor-access" in closed.mend


def test_a_serial_meter_needs_its_group_and_peace_from_modem_manager(tmp_path):
    assert look("serial_port", tmp_path).state == OK
    write(tmp_path, "dev/ttyUSB0", "")
    alone = look("serial_port", tmp_path, user="ann", groups="ann video")
    assert alone.state == SPOILS and "usermod -aG dialout" in alone.mend
    assert look("serial_port", tmp_path, user="ann", groups="ann dialout").state == OK
    assert look("serial_port", tmp_path, user="root", groups="root").state == OK
    probed = look("serial_port", tmp_path, user="ann", groups="dialout", modem_manager="active")
    assert probed.state == DOUBT and "ModemManager" in probed.mend


def test_torch_without_cuda_spoils_on_a_jetson_only(tx2, tmp_path):
    assert look("torch", tx2, torch="1.10.0 True").state == OK
    assert look("torch", tx2, torch="1.10.2 False").state == SPOILS
    assert look("torch", tmp_path, torch="2.13.0+cpu False").state == OK
    assert look("torch", tx2, torch="").mend == "./jetson_setup.sh"


def test_python_36_on_a_jetson_needs_to_be_told_the_core(tx2, tmp_path):
    untold = look("python", tx2, python="3.6.9 None")
    assert untold.state == SPOILS and "OPENBLAS_CORETYPE=ARMV8" in untold.mend
    assert look("python", tx2, python="3.6.9 ARMV8").state == OK
    assert look("python", tmp_path, python="3.6.9 None").state == OK


def test_output_keeps_what_a_failing_command_printed_and_survives_a_missing_one():
    assert doctor.output(["sh", "-c", "echo inactive; exit 3"]) == "inactive"
    assert doctor.output(["no-such-command-anywhere"]) is None


def test_the_verb_lists_this_machine_and_its_status_says_whether_it_is_fit():
    told = CliRunner().invoke(command, ["--json"])
    findings = json.loads(told.output)
    assert sorted(findings) == doctor.checks()
    assert told.exit_code == any(finding["state"] == SPOILS for finding in findings.values())


def test_faults_come_first_and_each_has_its_mending_below(monkeypatch):
    findings = {
        "disk": doctor.fine("room"),
        "swap": doctor.doubt("on", "off"),
        "torch": doctor.spoils("none", "get it"),
    }
    monkeypatch.setattr("harness.commands.doctor.examine", lambda: findings)
    told = CliRunner().invoke(command)
    assert told.exit_code == 1
    lines = [" ".join(line.split()) for line in told.output.splitlines()]
    assert lines == ["spoils torch: none", "mend: get it", "doubt swap: on", "mend: off", "ok disk: room"]
