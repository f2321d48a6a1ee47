"""The on-board sensor reads imitated boards to 1 mW, knows which rails make the whole input, and never invents 0 W."""

import errno
import os
from pathlib import Path

import pytest

from meters.errors import MeterError
from meters.ina3221 import Meter
from meters.ina_values import MOST_TEXTS, Milli
from tests.meters.imitated import TRUTH, build_hwmon, build_iio, extract, write

TOTALS = {
    "TX2-R32-idle": ("VDD_IN",),
    "TX2-R32.7-rootonly": ("VDD_IN",),
    "Nano-R32": ("POM_5V_IN",),
    "XavierNX-R35": ("VDD_IN",),
    "OrinNano-R36": ("VDD_IN",),
}
TX2 = "nvidia,p2597-0000+p3310-1000 nvidia,quill nvidia,tegra186"
TX2_CHIPS = {
    "0-0040": (("VDD_SYS_GPU", 19160, 8), ("VDD_SYS_SOC", 19160, 16), ("VDD_4V0_WIFI", 4800, 0)),
    "0-0041": (("VDD_IN", 19176, 86), ("VDD_SYS_CPU", 19160, 16), ("VDD_SYS_DDR", 4808, 36)),
}
TX2_CARRIER = {
    "0-0042": (("VDD_MUX", 19152, 120), ("VDD_5V0_IO_SYS", 5000, 100), ("VDD_3V3_SYS", 3300, 50)),
    "0-0043": (("VDD_3V3_IO_SLP", 3300, 1), ("VDD_1V8_IO", 1800, 1), ("VDD_3V3_SYS_M2", 3300, 0)),
}
XAVIER_CHIPS = {
    "1-0040": (("GPU", 19000, 10), ("CPU", 19000, 20), ("SOC", 19000, 30)),
    "1-0041": (("CV", 19000, 0), ("VDDRQ", 19000, 40), ("SYS5V", 19000, 50)),
}
AGX_ORIN_CHIPS = {
    "1-0040": (("VDD_GPU_SOC", 19000, 120), ("VDD_CPU_CV", 19000, 40), ("VIN_SYS_5V0", 5000, 700)),
    "1-0041": (("NC", 0, 0), ("VDDQ_VDD2_1V8AO", 5000, 60), ("NC", 0, 0)),
}


@pytest.fixture(params=sorted(TRUTH))
def board(request, tmp_path):
    return request.param, extract(request.param, tmp_path)


def channels(meter):
    return {channel.name: channel for channel in meter.channels}


def fail_for(file, seam, number):
    """The os function, except that it fails for one file, as a regular file cannot."""
    original = getattr(os, seam)
    target = os.stat(str(file)).st_ino

    def failing(handle, *rest):
        inode = os.fstat(handle).st_ino if isinstance(handle, int) else os.stat(handle).st_ino
        if inode == target:
            raise OSError(number, os.strerror(number))
        return original(handle, *rest)

    return failing


def test_every_rail_is_read_to_a_milliwatt(board):
    name, root = board
    with Meter(root=str(root)) as meter:
        readings = meter.read()
    assert set(readings) == set(TRUTH[name])
    for rail, truth in TRUTH[name].items():
        assert readings[rail]["power_W"] * 1000 == pytest.approx(truth["mW"], abs=1)
        assert readings[rail]["voltage_V"] * 1000 == pytest.approx(truth["mV"])
        assert readings[rail]["current_A"] * 1000 == pytest.approx(truth["mA"])


def test_the_total_is_the_whole_input_and_all_else_lies_inside_it(board):
    name, root = board
    meter = Meter(root=str(root))
    assert meter.total == TOTALS[name]
    assert {c.name for c in meter.channels if c.boundary == "module"} == set(meter.total)
    assert {c.boundary for c in meter.channels if c.name not in meter.total} == {"rail"}


def test_the_row_is_the_power_on_r32_and_power_voltage_and_current_on_hwmon(tmp_path):
    with Meter(root=str(extract("Nano-R32", tmp_path))) as nano:
        assert dict(zip(nano.columns, nano.read_row())) == {
            "POM_5V_IN_power_W": 0.933,
            "POM_5V_GPU_power_W": 0.0,
            "POM_5V_CPU_power_W": 0.084,
        }
    with Meter(root=str(extract("XavierNX-R35", tmp_path))) as xavier:
        row = dict(zip(xavier.columns, xavier.read_row()))
    assert row["VDD_IN_power_W"] == pytest.approx(row["VDD_IN_voltage_V"] * row["VDD_IN_current_A"])


def test_what_a_value_is(tmp_path):
    tx2 = channels(Meter(root=str(extract("TX2-R32-idle", tmp_path))))["VDD_IN"]
    nano = channels(Meter(root=str(extract("Nano-R32", tmp_path))))["POM_5V_IN"]
    orin = channels(Meter(root=str(extract("OrinNano-R36", tmp_path))))["VDD_IN"]
    assert [(c.shape, c.tau_s) for c in (tx2, nano, orin)] == [
        ("lowpass", 0.43),
        ("lowpass", 0.054),
        ("instant", None),
    ]
    assert tx2.offset_error_W == pytest.approx(0.077, abs=0.001)
    assert tx2.resolution_W == pytest.approx(0.038, abs=0.001)
    assert tx2.gain_error == pytest.approx(0.015) and "SBOS576" in tx2.accuracy_source


def test_averaging_that_root_switched_on_is_a_lowpass(tmp_path):
    chips = {"1-0040": (("VDD_IN", 5000, 800), ("VDD_CPU_GPU_CV", 5000, 100), ("VDD_SOC", 5000, 200))}
    meter = Meter(root=str(build_hwmon(tmp_path, "nvidia,tegra234", chips, 5000, samples=64)))
    assert channels(meter)["VDD_IN"][2:4] == ("lowpass", 0.448)
    assert meter.identity()["rails"]["VDD_IN"]["averaged"] == 64


def test_carrier_rails_of_a_tx2_are_recorded_and_never_added(tmp_path):
    chips = dict(TX2_CHIPS, **TX2_CARRIER)
    meter = Meter(root=str(build_iio(tmp_path, TX2, chips)))
    assert meter.total == ("VDD_IN",)
    assert channels(meter)["VDD_MUX"].boundary == "rail"
    assert meter.read()["VDD_MUX"]["power_W"] == pytest.approx(2.298)
    assert channels(meter)["VDD_MUX"].accuracy_source == "not stated"


def test_agx_xavier_is_the_sum_of_six_rails(tmp_path):
    meter = Meter(root=str(build_iio(tmp_path, "nvidia,p2972-0000 nvidia,tegra194", XAVIER_CHIPS)))
    assert meter.total == ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V")
    assert sum(meter.read_row()) == pytest.approx(19 * 0.150)


def test_agx_orin_is_the_sum_of_three_rails_and_what_is_not_connected_is_left_out(tmp_path):
    meter = Meter(root=str(build_hwmon(tmp_path, "nvidia,p3737-0000+p3701-0000 nvidia,tegra234", AGX_ORIN_CHIPS, 2000)))
    assert meter.total == ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0")
    assert list(meter.read()) == ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"]
    assert channels(meter)["VDDQ_VDD2_1V8AO"].boundary == "rail"
    assert channels(meter)["VDD_GPU_SOC"].resolution_W == pytest.approx(0.4)
    assert "VDDQ_VDD2_1V8AO" in meter.identity()["note"]


def test_agx_thor_has_its_input_on_another_chip(tmp_path):
    chips = {"2-0040": (("VDD_GPU", 19000, 120), ("VDD_CPU_SOC_MSS", 19000, 40), ("VIN_SYS_5V0", 5000, 700))}
    root = build_hwmon(tmp_path, "nvidia,p3971-0080+p3834-0008 nvidia,tegra264", chips, 1000)
    write(root / "sys/bus/i2c/devices/2-0044/name", "ina238")
    write(root / "sys/bus/i2c/devices/2-0044/hwmon/hwmon7/in1_input", 19500)
    write(root / "sys/bus/i2c/devices/2-0044/hwmon/hwmon7/curr1_input", 1500)
    meter = Meter(root=str(root))
    assert meter.total == ("VIN",) and meter.read()["VIN"]["power_W"] == 29.25
    assert channels(meter)["VIN"].boundary == "dc_input" and channels(meter)["VIN"].gain_error is None
    assert channels(meter)["VDD_GPU"].boundary == "rail"
    assert channels(meter)["VDD_GPU"].resolution_W == pytest.approx(0.8)


def test_rails_are_found_by_label_wherever_their_channel_is(tmp_path):
    chips = {"6-0040": (("POM_5V_GPU", 5000, 1), ("POM_5V_IN", 5000, 400), ("POM_5V_CPU", 5000, 100))}
    meter = Meter(root=str(build_iio(tmp_path, "nvidia,tegra210", chips)))
    assert meter.total == ("POM_5V_IN",)
    assert meter.read()["POM_5V_IN"]["power_W"] == 2.0


def test_a_container_hides_the_device_tree_and_the_labels_still_tell_the_board(tmp_path):
    meter = Meter(root=str(build_iio(tmp_path, "", TX2_CHIPS)))
    assert meter.identity()["board"] == "Jetson TX2" and meter.total == ("VDD_IN",)


def test_on_an_unknown_board_nothing_is_added_and_a_sentence_says_why(tmp_path):
    chips = {"1-0040": (("VDD_IN", 5000, 800), ("VDD_CORE", 5000, 100))}
    root = str(build_hwmon(tmp_path, "acme,board nvidia,tegra999", chips, 5000))
    meter = Meter(root=root)
    assert meter.total == () and meter.identity()["board"] is None
    assert "acme,board nvidia,tegra999" in meter.identity()["note"] and "total=" in meter.identity()["note"]
    assert Meter(root=root, total="VDD_IN").total == ("VDD_IN",)
    assert "by hand" in Meter(root=root, total="VDD_IN").identity()["note"]
    for total in ("VDD_INN", "VDD_IN+VDD_IN"):
        with pytest.raises(MeterError, match="there are: VDD_IN, VDD_CORE"):
            Meter(root=root, total=total)


def test_the_total_of_a_known_board_cannot_be_made_larger(tmp_path):
    with pytest.raises(MeterError, match="the total of a Jetson TX2 is VDD_IN"):
        Meter(root=str(build_iio(tmp_path, TX2, TX2_CHIPS)), total="VDD_IN+VDD_SYS_CPU")


def test_no_sensor_is_an_error_and_never_0_watts(tmp_path):
    for root in (extract("NotAJetson", tmp_path), tmp_path / "empty"):
        with pytest.raises(MeterError, match="^no INA3221 sensor on this machine"):
            Meter(root=str(root))


def test_a_chip_without_a_driver_is_no_sensor(tmp_path):
    (tmp_path / "sys/bus/i2c/devices/0-0040").mkdir(parents=True)
    (tmp_path / "sys/bus/i2c/devices/0-0040/name").write_text("ina3221x\n")
    with pytest.raises(MeterError, match="^no INA3221 sensor on this machine"):
        Meter(root=str(tmp_path))


@pytest.mark.parametrize("number", [errno.ENODATA, errno.EAGAIN])
def test_a_channel_that_is_switched_off_is_not_available(tmp_path, monkeypatch, number):
    root = build_hwmon(tmp_path, "nvidia,tegra234", AGX_ORIN_CHIPS, 2000)
    for node in ("in2_input", "curr2_input"):
        monkeypatch.setattr(os, "pread", fail_for(next(root.glob("**/hwmon0/" + node)), "pread", number))
    with Meter(root=str(root)) as meter:
        readings = meter.read()
    assert readings["VDD_CPU_CV"] == {"power_W": None, "voltage_V": None, "current_A": None}
    assert readings["VDD_GPU_SOC"]["power_W"] == pytest.approx(2.28)


def test_without_its_current_a_rail_has_a_voltage_and_no_power(tmp_path, monkeypatch):
    root = build_hwmon(tmp_path, "nvidia,tegra234", AGX_ORIN_CHIPS, 2000)
    current = next(root.glob("**/hwmon0/curr3_input"))
    monkeypatch.setattr(os, "pread", fail_for(current, "pread", errno.EAGAIN))
    with Meter(root=str(root)) as meter:
        assert meter.read()["VIN_SYS_5V0"] == {"power_W": None, "voltage_V": 5.0, "current_A": None}


def test_on_r32_too_and_an_empty_node_likewise(tmp_path):
    root = extract("TX2-R32-idle", tmp_path)
    next(root.glob("sys/devices/**/0-0041/*/in_power0_input")).write_text("")
    with Meter(root=str(root)) as meter:
        row = dict(zip(meter.columns, meter.read_row()))
    assert row["VDD_IN_power_W"] is None and row["VDD_SYS_CPU_power_W"] == 0.306


def test_a_rail_that_disappears_is_an_error_and_the_next_open_says_which(tmp_path, monkeypatch):
    root = extract("TX2-R32-idle", tmp_path)
    power = next(root.glob("sys/devices/**/0-0041/*/in_power0_input"))
    meter = Meter(root=str(root))
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail_for(power, "pread", errno.ENODEV))
        with pytest.raises(MeterError, match="in_power0_input can no longer be read .*the rail has disappeared"):
            meter.read_row()
    (power.parent / "rail_name_0").unlink()
    with pytest.raises(MeterError, match="rail VDD_IN has disappeared; there are: .*VDD_SYS_CPU"):
        meter.open()


def test_a_node_removed_before_the_start_is_an_error(tmp_path):
    root = extract("Nano-R32", tmp_path)
    next(root.glob("sys/devices/**/in_power2_input")).unlink()
    with pytest.raises(MeterError, match="in_power2_input can no longer be read"):
        Meter(root=str(root)).open()


def test_text_that_is_no_number_is_an_error(tmp_path):
    root = extract("Nano-R32", tmp_path)
    next(root.glob("sys/devices/**/in_power2_input")).write_text("watts\n")
    with pytest.raises(MeterError, match="holds b'watts"):
        Meter(root=str(root)).read_row()


def test_files_stay_open_and_each_row_is_new(tmp_path):
    root = extract("TX2-R32-idle", tmp_path)
    with Meter(root=str(root)) as meter:
        opened = len(os.listdir("/proc/self/fd"))
        before = dict(zip(meter.columns, meter.read_row()))
        next(root.glob("sys/devices/**/0-0041/*/in_power0_input")).write_text("2345\n")
        after = dict(zip(meter.columns, meter.read_row()))
        assert len(os.listdir("/proc/self/fd")) == opened
    assert (before["VDD_IN_power_W"], after["VDD_IN_power_W"]) == (1.649, 2.345)
    assert len(os.listdir("/proc/self/fd")) == opened - 6


def test_values_are_remembered_within_bounds():
    milli = Milli()
    for number in range(MOST_TEXTS + 5):
        assert milli[b"%d\n" % number] == number / 1000
    assert len(milli) <= MOST_TEXTS
    with pytest.raises(ValueError):
        milli[b""]


def test_an_imitated_board_is_simulated_and_the_rate_sets_the_period(tmp_path):
    root = str(extract("TX2-R32-idle", tmp_path))
    assert Meter(root=root).simulated and Meter(root=root, rate=20).period_s == 0.05
    for rate in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(MeterError, match="rate="):
            Meter(root=root, rate=rate)


def test_identity_names_board_driver_and_place_of_each_rail(tmp_path):
    identity = Meter(root=str(extract("TX2-R32-idle", tmp_path))).identity()
    assert identity["board"] == "Jetson TX2" and identity["driver"] == "ina3221x (iio)"
    assert identity["compatible"][-1] == "nvidia,tegra186"
    assert identity["rails"]["VDD_IN"] == {"chip": "0-0041", "channel": "0"}


def test_this_machine_has_the_sensor_or_says_that_it_has_none():
    if not list(Path("/sys/bus/i2c/devices").glob("*/iio:device*")):
        with pytest.raises(MeterError, match="^no INA3221 sensor on this machine"):
            Meter()
