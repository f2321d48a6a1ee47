"""jtop: what both generations of its interface say, asked by a child that a stand-in for jetson-stats answers."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.jtop import Meter, decode
from meters.process_port import ProcessPort
from tests.meters.bench import read_for
from tests.meters.imitated import extract

FROM_4_2 = {
    "rail": {
        "VDD_IN": {"volt": 5000, "curr": 816, "power": 4080, "avg": 9999, "warn": 32760, "crit": 32760, "online": True},
        "VDD_SOC": {"volt": 5064, "curr": 224, "power": 1134, "avg": 9999, "online": True},
        "VDD_CPU_GPU_CV": {"volt": 0, "curr": 0, "power": 0, "avg": 9999, "online": False},
    },
    "tot": {"name": "VDD_IN", "power": 4080, "avg": 9999},
}
BEFORE_4_2 = [{"cur": 1649, "avg": 9999}, {"IN": {"cur": 1649, "avg": 9999}, "SYS GPU": {"cur": 153, "avg": 9999}}]
STAND_IN = """
import time
class jtop:
    def __init__(self, interval):
        self.interval, self.left = 0.05, 40
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def ok(self):
        time.sleep(self.interval)
        self.left -= 1
        if not self.left:
            raise RuntimeError("the service has gone")
        return True
    power = POWER
"""


def line(power):
    return json.dumps({"interval_s": 1.0, "power": power}).encode()


def test_from_4_2_watts_volts_and_amperes_of_rails_that_are_online():
    reading = decode(line(FROM_4_2))
    assert (reading["VDD_IN_power_W"], reading["VDD_IN_voltage_V"], reading["VDD_IN_current_A"]) == (4.08, 5.0, 0.816)
    assert reading["VDD_SOC_power_W"] == 1.134 and reading["VDD_CPU_GPU_CV_power_W"] is None
    assert len(reading) == 9


def test_before_4_2_shortened_names_are_made_whole():
    assert decode(line(BEFORE_4_2)) == {"VDD_IN_power_W": 1.649, "VDD_SYS_GPU_power_W": 0.153}
    nano = [{}, {"5V IN": {"cur": 933}, "SOC": {"cur": 1}}]
    assert decode(line(nano)) == {"POM_5V_IN_power_W": 0.933, "SOC_power_W": 0.001}  # of several boards


@pytest.mark.parametrize(
    "power", [None, [], {}, {"rail": {}}, [1, 2], {"rail": {"A": {"power": "1"}}}, [{}, {"A": {"cur": True}}], "x"]
)
def test_what_is_no_power_is_refused(power):
    with pytest.raises(MeterError):
        decode(line(power))


SOME_JSON = st.sampled_from([None, 1, "x", [], {}, {"rail": 1}, {"rail": {"A": {}}}, {"A": {"cur": None}}])


@given(st.binary(max_size=200) | st.lists(SOME_JSON, max_size=3).map(line) | SOME_JSON.map(line))
def test_any_bytes_give_a_reading_or_a_meter_error(data):
    try:
        decode(data)
    except MeterError:
        pass


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Puts a stand-in for jetson-stats where the child looks for it."""

    def install(power):
        (tmp_path / "jtop.py").write_text(STAND_IN.replace("POWER", repr(power)))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return install


@pytest.mark.parametrize("power, watts", [(FROM_4_2, 4.08), (tuple(BEFORE_4_2), 1.649)])
def test_a_service_of_either_generation(power, watts, service, tmp_path):
    service(power)
    root = str(extract("XavierNX-R35" if watts == 4.08 else "TX2-R32-idle", tmp_path))
    with Meter(interval_s=0.5, python=sys.executable, root=root) as meter:
        samples = read_for(meter, 0.5)
    assert len(samples) > 3 and meter.total == ("VDD_IN",)
    assert dict(zip(meter.columns, samples[-1].values))["VDD_IN_power_W"] == watts
    assert meter.period_s == 0.05, "the service keeps to its own interval"


def test_a_service_that_goes_and_one_that_is_not_there(service, tmp_path, monkeypatch):
    service(FROM_4_2)
    with pytest.raises(MeterError, match="has ended: jtop says: the service has gone"):
        with Meter(python=sys.executable) as meter:
            read_for(meter, 5)
    (tmp_path / "jtop.py").write_text("raise ImportError('jtop')")
    with pytest.raises(MeterError, match="jetson-stats is not installed for .*: sudo -H pip3 install jetson-stats"):
        Meter(python=sys.executable).open()
    with pytest.raises(MeterError, match="cannot be run.*python= names the interpreter"):
        Meter(python="/nowhere/python3").open()
    with pytest.raises(MeterError, match="interval_s=0"):
        Meter(interval_s=0.0)


def test_a_program_that_does_not_want_to_end_is_ended():
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(99)"
    )
    port = ProcessPort([sys.executable, "-c", stubborn], "")
    while not port.read_waiting():
        pass
    port.close()
    assert port._child.returncode == -9
