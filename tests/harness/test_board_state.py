"""The state of a board: what is read of each imitated one, how it is stored, and what it costs to sample it."""

import json
import shutil
import time

import pytest

from harness.board.gauges import gauges
from harness.board.nodes import pinned, temperatures
from harness.board.sampler import Readings, Sampler
from harness.board.snapshot import snapshot
from harness.errors import UserError
from harness.ledger import state as states
from tests.meters.imitated import TREES, write


def values(root):
    readings = Readings(root)
    try:
        return readings.read()
    finally:
        readings.close()


def pin(root):
    for policy in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"):
        (policy / "scaling_min_freq").write_text((policy / "scaling_max_freq").read_text())
    gpu = root / "sys/class/devfreq/17000000.gp10b"
    (gpu / "min_freq").write_text((gpu / "max_freq").read_text())


@pytest.mark.parametrize("name", TREES)
def test_every_gauge_of_every_board_has_a_name_of_its_own_and_a_value(tree, name):
    root = tree(name)
    names = [gauge.name for gauge in gauges(root)]
    assert len(set(names)) == len(names)
    read = values(root)
    off = {"iwlwifi_1_C", "cv0-thermal_C", "cv1-thermal_C", "cv2-thermal_C"}  # zones whose power is switched off
    assert {name for name in names if read[name] is None and not name.endswith("_busy")} <= off
    if name.startswith("TX2"):
        assert len(names) > 20


def test_a_tx2_tells_clocks_zones_fan_memory_and_the_voltage_of_its_input(tx2):
    read = values(tx2)
    assert read["cpu0_Hz"] == 345.6e6 and read["cpu0_limit_Hz"] == 2035.2e6 and "cpu1_Hz" not in read
    assert read["17000000.gp10b_Hz"] == 114.75e6 and read["17000000.gp10b_busy"] == 0
    assert read["memory_Hz"] == 408e6 and read["BCPU-therm_C"] == 35.5 and read["fan_pwm"] == 0
    assert "PMIC-Die_C" not in read
    assert 15 < read["VDD_IN_V"] < 20


def test_an_orin_tells_its_throttle_counters_and_asks_its_slow_chip_seldom(tree):
    root = tree("OrinNano-R36")
    assert values(root)["oc3_events"] == 37
    assert {gauge.name: gauge.every_s for gauge in gauges(root) if gauge.name == "VDD_IN_V"} == {"VDD_IN_V": 10}


def test_a_machine_with_nothing_to_tell_has_no_gauge(tmp_path):
    assert gauges(tmp_path) == [] and values(tmp_path) == {"cpus_busy": None}
    assert pinned(tmp_path) is None and temperatures(tmp_path) == {}


def test_what_a_clock_should_be_is_known_where_it_is_promised(tx2, tmp_path):
    clocks = {gauge.name: gauge for gauge in gauges(tx2) if gauge.kind == "clock"}
    assert clocks["cpu0_Hz"].expected == 2035.2e6 and clocks["cpu0_Hz"].busy == "cpu0_busy"
    assert clocks["17000000.gp10b_Hz"].expected == 1300.5e6
    assert clocks["memory_Hz"].expected is None  # it floats
    pc = tmp_path / "pc"
    write(pc / "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", 800000)
    write(pc / "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", 4200000)
    assert gauges(pc)[0].expected is None  # a turbo clock, which nothing promises
    write(pc / "sys/devices/system/cpu/cpu0/cpufreq/base_frequency", 2400000)
    assert gauges(pc)[0].expected == 2.4e9


def test_cpus_that_share_a_clock_have_one_gauge_as_busy_as_the_busiest_of_them(tmp_path):
    policy = tmp_path / "sys/devices/system/cpu/cpufreq/policy0"
    for name, value in (("scaling_cur_freq", 2000000), ("scaling_max_freq", 2000000), ("affected_cpus", "0 1")):
        write(policy / name, value)
    write(policy / "base_frequency", 2000000)
    for cpu in ("cpu0", "cpu1"):
        (tmp_path / "sys/devices/system/cpu" / cpu).mkdir()
        (tmp_path / "sys/devices/system/cpu" / cpu / "cpufreq").symlink_to(policy)
    write(tmp_path / "proc/stat", "cpu  0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\nintr 1")
    readings = Readings(tmp_path)
    write(tmp_path / "proc/stat", "cpu  90 0 0 110 0 0 0 0\ncpu0 10 0 0 90 0 0 0 0\ncpu1 80 0 0 10 10 0 0 0\nintr 1")
    read = readings.read()
    readings.close()
    assert [name for name in read if name.endswith("_Hz")] == ["cpu0_Hz", "cpu0_limit_Hz"]
    assert read["cpu0_busy"] == 0.8 and read["cpus_busy"] == 0.45


def test_pinned_clocks_are_told_from_floating_ones(tx2):
    assert pinned(tx2) is False
    pin(tx2)
    assert pinned(tx2) is True


def test_a_node_that_fails_to_read_is_nothing_and_not_zero(tx2):
    write(tx2 / "sys/devices/virtual/thermal/thermal_zone2/temp", "")
    assert values(tx2)["GPU-therm_C"] is None


def test_samples_are_stored_as_what_changed_and_read_back_whole(tx2, tmp_path):
    path = tmp_path / "state.jsonl"
    zone = tx2 / "sys/devices/virtual/thermal/thermal_zone0/temp"
    with Sampler(path, 1, tx2, period_s=0.02) as sampler:
        time.sleep(0.2)
        zone.write_text("71500\n")
        time.sleep(0.2)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == sampler.samples >= 5 and list(lines[1]) == ["t_ns"]
    assert lines[0]["attempt"] == 1 and lines[0]["gauges"]["cpu0_Hz"]["expected"] == 2035.2e6
    [state] = states.read(path)
    warm = state.temperatures()["BCPU-therm"]
    assert warm[0] == 35.5 and warm[-1] == 71.5 and len(warm) == len(lines)
    assert sampler.statistics()["samples"] == len(lines) and sampler.statistics()["cpu_s"] > 0


def test_a_second_attempt_is_appended_behind_what_a_power_cut_left(tx2, tmp_path):
    path = tmp_path / "state.jsonl"
    with Sampler(path, 1, tx2):
        pass
    with path.open("a") as file:
        file.write('{"t_ns": 12')
    with Sampler(path, 2, tx2):
        pass
    assert [state.attempt for state in states.read(path)] == [1, 2]


@pytest.mark.parametrize(
    "content", ["[1]\n", "{}\n", '{"gauges": 1, "t_ns": 1}\n', "{\n", '{"gauges": {}, "attempt": 1}\n']
)
def test_a_damaged_state_file_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "state.jsonl"
    path.write_text('{"t_ns": 1, "attempt": 1, "gauges": {}}\n' + content)
    with pytest.raises(UserError, match="is damaged"):
        states.read(path)


def test_a_snapshot_names_the_power_mode_only_where_there_is_one(tx2, tree):
    said = []
    taken = snapshot(lambda command: said.append(command[0]) or "NV Power Mode: MAXN\n0", tx2)
    assert said == ["nvpmodel", "jetson_clocks"] and taken["nvpmodel"].startswith("NV Power Mode")
    assert taken["pinned"] is False and taken["cpus_online"] == "0,3-5" and taken["fan_control"] == "1"
    assert taken["governors"]["cpu0"] == "schedutil" and taken["values"]["GPU-therm_C"] == 32
    json.dumps(taken)
    assert "nvpmodel" not in snapshot(lambda command: pytest.fail(), tree("NotAJetson"))


def test_a_sample_of_a_board_costs_below_a_thousandth_of_a_core(tx2):
    readings = Readings(tx2)
    readings.read()
    began = time.process_time()
    for _ in range(200):
        json.dumps(readings.read())
    each_s = (time.process_time() - began) / 200
    readings.close()
    shutil.rmtree(str(tx2))
    assert each_s < 1e-3
