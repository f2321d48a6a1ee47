"""NVML through a stand-in for its library: a card with a counter, one without, and a Tegra, which has neither."""

import sys

import pytest

from meters import counters
from meters.errors import MeterError
from meters.nvml import Meter

STAND_IN = """
class NVMLError(Exception):
    pass
COUNTER, POWER, OPEN = {counter}, {power}, [0]
def nvmlInit(): OPEN[0] += 1
def nvmlShutdown(): OPEN[0] -= 1
def nvmlDeviceGetHandleByIndex(index):
    if index:
        raise NVMLError("Invalid Argument")
    return "card"
def value(of):
    if of is None:
        raise NVMLError("Not Supported")
    return of
def nvmlDeviceGetTotalEnergyConsumption(card): return value(COUNTER)
def nvmlDeviceGetPowerUsage(card): return value(POWER)
def nvmlDeviceGetName(card): return b"GeForce"
def nvmlDeviceGetUUID(card): return "GPU-1"
def nvmlSystemGetDriverVersion(): return "550"
"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Puts a stand-in for nvidia-ml-py on the path, and gives it."""

    def install(counter, power):
        (tmp_path / "pynvml.py").write_text(STAND_IN.format(counter=counter, power=power))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "pynvml", raising=False)
        import pynvml

        return pynvml

    return install


def test_the_energy_counter_is_preferred(library, monkeypatch):
    now = [10**9]
    monkeypatch.setattr(counters, "monotonic_ns", lambda: now[0])
    pynvml = library(counter=5000, power=99000)
    with Meter() as meter:
        assert meter.read_row() == (None, 0.0)
        pynvml.COUNTER += 3000
        now[0] += 2 * 10**9
        assert meter.read_row() == (1.5, 3.0)
        assert meter.identity() == {"card": "GeForce", "uuid": "GPU-1", "driver": "550", "source": "energy counter"}
    assert meter.columns == ("gpu_power_W", "energy_J") and meter.channels[0].shape == "mean_over_period"
    assert pynvml.OPEN == [0] and meter.identity() == {}


def test_a_card_without_a_counter_gives_its_power(library):
    library(counter=None, power=25500)
    with Meter(rate=5) as meter:
        assert meter.read_row() == (25.5,)
        assert meter.identity()["source"] == "power"
    assert meter.columns == ("gpu_power_W",) and meter.channels[0].shape == "instant" and meter.period_s == 0.2


def test_not_supported_is_an_error_and_never_0_watts(library):
    pynvml = library(counter=None, power=None)
    with pytest.raises(MeterError, match="tells no power: Not Supported.*use --meter ina3221"):
        Meter().open()
    with pytest.raises(MeterError, match="card 3 cannot be reached: Invalid Argument"):
        Meter(index=3).read_row()
    assert pynvml.OPEN == [0]


def test_a_card_that_goes(library):
    pynvml = library(counter=5000, power=99000)
    with Meter() as meter:
        pynvml.COUNTER = None
        with pytest.raises(MeterError, match="tells no power"):
            meter.read_row()


def test_without_the_library_or_a_rate(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MeterError, match="needs nvidia-ml-py.*use --meter ina3221"):
        Meter().open()
    with pytest.raises(MeterError, match="rate=nan"):
        Meter(rate=float("nan"))
