"""A Joulescope's recording becomes a trace with the energy of its samples; without pyjls there is a sentence."""

import sys
import types

import numpy as np
import pytest

from harness.errors import UserError
from harness.foreign import jls, logs, store
from meters.trace import Trace

RATE = 100000
SECOND = 10**9
UTC_S = 1672762074


class Signal:
    def __init__(self, number, name, units, length, rate=RATE):
        self.signal_id, self.name, self.units, self.length, self.sample_rate = number, name, units, length, rate


class Reader:
    """Stands in for pyjls.Reader: signals by number, and their samples."""

    def __init__(self, signals, values, utc=True):
        self.signals, self._values, self._utc = {one.signal_id: one for one in signals}, values, utc

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def fsr(self, signal, start, length):
        return self._values[signal][start : start + length]

    def sample_id_to_timestamp(self, signal, sample):
        if not self._utc:
            raise RuntimeError("no time")
        return UTC_S


@pytest.fixture
def imported(tmp_path, monkeypatch):
    def imported(reader, total=""):
        library = types.ModuleType("pyjls")
        library.Reader = lambda path: reader
        library.time64 = types.SimpleNamespace(as_timestamp=float)
        monkeypatch.setitem(sys.modules, "pyjls", library)
        (tmp_path / "x.jls").write_bytes(b"x")
        log = logs.read(str(tmp_path / "x.jls"), "jls", None, total, "dc_input")
        store.write(log, "jls", str(tmp_path / "x.arrow"))
        return Trace.open(tmp_path / "x.arrow")

    return imported


def noisy(mean, n=RATE):
    return np.random.RandomState(1).normal(mean, 1.0, n).astype(np.float32)


def test_millisecond_means_keep_the_energy(imported, monkeypatch):
    monkeypatch.setattr(jls, "PIECE", 7000)
    power = noisy(5.0)
    trace = imported(Reader([Signal(1, "power", "W", RATE)], {1: power}))
    assert trace.period_s == 0.001 and len(trace.t_ns) == 1000 and trace.channels[0].shape == "mean_over_period"
    first, last = int(trace.t_ns[0]), int(trace.t_ns[-1])
    assert (first, last) == (UTC_S * SECOND + 10**6, UTC_S * SECOND + SECOND)
    assert trace.energy_J(first, last) == pytest.approx(float(power[100:].sum(dtype=float)) / RATE, rel=1e-6)


def test_power_is_volts_times_amperes_sample_by_sample(imported):
    volts, amps = noisy(19.0), noisy(0.5)
    signals = [Signal(1, "current", "A", RATE), Signal(2, "voltage", "V", RATE)]
    trace = imported(Reader(signals, {1: amps, 2: volts}, utc=False))
    assert trace.columns[-3:] == ("log_power_W", "log_voltage_V", "log_current_A") and trace.t_ns[0] == 10**6
    joules = float((volts.astype(float) * amps)[100:].sum()) / RATE
    assert trace.energy_J(int(trace.t_ns[0]), int(trace.t_ns[-1])) == pytest.approx(joules, rel=1e-6)


def test_samples_that_were_dropped_are_a_gap(imported):
    power = noisy(5.0)
    power[20000:30050] = np.nan
    trace = imported(Reader([Signal(1, "power", "W", RATE)], {1: power}))
    ((start_ns, stop_ns),) = trace.gaps()
    assert stop_ns - start_ns == 102 * 10**6


@pytest.mark.parametrize(
    "signals, sentence",
    [
        ([Signal(1, "current", "A", RATE)], "neither power in W nor voltage in V and current in A; it has: current"),
        (
            [Signal(1, "current", "A", RATE), Signal(2, "voltage", "V", RATE, 50000)],
            "its signals are not sampled together",
        ),
        ([Signal(1, "power", "W", 0)], "it has no line with a power"),
    ],
)
def test_recordings_without_a_power_are_refused(imported, signals, sentence):
    with pytest.raises(UserError, match=sentence):
        imported(Reader(signals, {1: noisy(5.0), 2: noisy(5.0)}))


def test_without_pyjls_there_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyjls", None)
    (tmp_path / "x.jls").write_bytes(b"x")
    with pytest.raises(UserError, match="a JLS file needs pyjls"):
        logs.read(str(tmp_path / "x.jls"), "jls", None, "", "dc_input")
