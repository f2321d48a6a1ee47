"""tegrastats: the lines of every release, and a child that prints them."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.tegrastats import Meter, decode
from tests.meters.bench import read_for
from tests.meters.imitated import DATA, extract

LINES = json.loads((DATA / "tegrastats-lines.json").read_text())
RAILS = [
    {"VDD_IN": 1.383, "VDD_CPU": 0.153, "VDD_GPU": 0.076, "VDD_SOC": 0.384, "VDD_WIFI": 0.364, "VDD_DDR": 0.192},
    {
        "VDD_SYS_GPU": 0.153,
        "VDD_SYS_SOC": 0.306,
        "VDD_4V0_WIFI": 0.0,
        "VDD_IN": 1.649,
        "VDD_SYS_CPU": 0.306,
        "VDD_SYS_DDR": 0.173,
    },
    {"POM_5V_IN": 0.933, "POM_5V_GPU": 0.0, "POM_5V_CPU": 0.084},
    {"VDD_GPU_SOC": 2.39, "VDD_CPU_CV": 0.796, "VIN_SYS_5V0": 3.522, "VDDQ_VDD2_1V8AO": 0.301},
    {"VDD_IN": 4.824, "VDD_CPU_GPU_CV": 0.518, "VDD_SOC": 1.475},
]
# JetPack 7 prints the clocks of both GPU clusters
JETPACK_7 = LINES[4]["line"].replace("GR3D_FREQ 0%", "GR3D_FREQ 63%@[1300,1300]")
ROOT_ONLY = LINES[4]["line"].partition(" VDD_IN")[0]


@pytest.mark.parametrize("line, rails", list(zip([line["line"] for line in LINES], RAILS)) + [(JETPACK_7, RAILS[4])])
def test_the_power_now_of_each_rail(line, rails):
    expected = {name + "_power_W": watts for name, watts in rails.items()}
    assert decode(line.encode()) == expected
    assert decode(line.encode() + b"\n") == expected


@pytest.mark.parametrize("line", ["", ROOT_ONLY, "VDD_IN 1649/1649", LINES[1]["line"] * 20])
def test_a_line_without_rails_or_of_another_program(line):
    with pytest.raises(MeterError):
        decode(line.encode())


@given(st.binary(max_size=300) | st.binary(max_size=30).map(lambda data: b"RAM 1 CPU [" + data + b" A 1/1"))
def test_any_bytes_give_a_reading_or_a_meter_error(data):
    try:
        decode(data)
    except MeterError:
        pass


@pytest.fixture
def program(tmp_path):
    """Writes a program that stands in for tegrastats."""

    def write(line, then="time.sleep(float(sys.argv[2]) / 1000)"):
        path = tmp_path / "tegrastats"
        path.write_text(
            f"#!{sys.executable}\nimport sys, time\nassert sys.argv[1] == '--interval'\n"
            f"while True:\n    print({line!r}, flush=True)\n    {then}\n"
        )
        path.chmod(0o755)
        return str(path)

    return write


@pytest.mark.parametrize("machine, simulated", [("aarch64", False), ("x86_64", True)])
def test_rails_total_and_shape_are_those_of_the_board(program, tmp_path, monkeypatch, machine, simulated):
    """A tree that lies elsewhere tells which board is imitated, and makes no Jetson of another machine."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    root = str(extract("TX2-R32-idle", tmp_path))
    with Meter(interval_ms=20, command=program(LINES[1]["line"]), root=root) as meter:
        samples = read_for(meter, 0.5)
        assert meter.identity()["compatible"][-1] == "nvidia,tegra186"
    assert len(samples) > 5 and meter.total == ("VDD_IN",) and meter.simulated == simulated
    assert dict(zip(meter.columns, samples[-1].values))["VDD_IN_power_W"] == 1.649
    channels = {channel.name: channel for channel in meter.channels}
    assert (channels["VDD_IN"].boundary, channels["VDD_IN"].tau_s) == ("module", 0.43)
    assert (channels["VDD_SYS_GPU"].boundary, channels["VDD_SYS_GPU"].shape) == ("rail", "lowpass")


def test_on_r35_a_value_is_instant_and_no_jetson_means_simulated(program, tmp_path, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with Meter(interval_ms=20, command=program(LINES[3]["line"]), root=str(tmp_path)) as meter:
        assert meter.simulated and meter.channels[0].shape == "instant"
        assert meter.total == ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0")


def test_no_program_no_rails_and_an_early_end(program, tmp_path, monkeypatch):
    monkeypatch.setattr("meters.framed._FIRST_FRAME_S", 0.5)
    with pytest.raises(MeterError, match="cannot be run.*is this a Jetson"):
        Meter(command=str(tmp_path / "nothing")).open()
    with pytest.raises(MeterError, match="no power rails.*sudo"):
        Meter(interval_ms=20, command=program(ROOT_ONLY)).open()
    with pytest.raises(MeterError, match="has ended: sensors are gone"):
        with Meter(interval_ms=20, command=program(LINES[1]["line"], "sys.exit('sensors are gone')")) as meter:
            read_for(meter, 5)
    with pytest.raises(MeterError, match="interval_ms=0"):
        Meter(interval_ms=0)
