"""A day of recording on a clock that runs as fast as the work allows, and half an hour on the real one: no sample is
lost and memory stays flat."""

import os
import time

import numpy as np
import pytest

from harness.recording import reader as reader_module
from harness.recording.reader import Reader
from harness.recording.recorded import Files, Recorded
from meters import smartpower3
from meters.emulators.smartpower3 import frame
from meters.trace import Trace
from tests.harness.recorder_process import RecorderProcess
from tests.meters.bench import emulated

SECOND = 10**9
DAY_S = 24 * 3600
BATCH_S = 10  # of the virtual clock; a batch costs the same however much is in it
FLAT_MB = 8.0


class VirtualClock:
    """Stands in for a reader's alarm: whoever waits has waited already.  The writer's batches fall due on the way."""

    def __init__(self, end_s):
        self.now_ns, self._end_ns, self._batch_ns = 0, end_s * SECOND, 0
        self.reader = self.recorded = None
        self.memory_mb = []

    def __call__(self):
        return self.now_ns

    def ring(self):
        pass

    def wait(self, until_ns):
        self.now_ns = max(self.now_ns, until_ns)
        if self.now_ns >= self._batch_ns:
            self._batch_ns += BATCH_S * SECOND
            self.recorded.append()
            self.recorded.take_watts()
            if self._batch_ns % (3600 * SECOND) == 0:
                self.memory_mb.append(resident_mb())
        if self.now_ns >= self._end_ns:
            self.reader.stop()


class Line:
    """A port at which an emulated SmartPower3 prints a frame each interval of the virtual clock."""

    simulated = True

    def __init__(self, clock, interval_ms):
        self._clock, self._interval_ms, self._sent = clock, interval_ms, 0

    def read_waiting(self):
        due = self._clock.now_ns // (self._interval_ms * 10**6)
        frames = [frame(n * self._interval_ms, 5.0 + n % 1000 / 1000) for n in range(self._sent, due)]
        self._sent = due
        return b"".join(frames)

    def identity(self):
        return {"port": "virtual"}

    def close(self):
        pass


class Meter(smartpower3.Meter):
    """The real driver from the first byte to the row."""

    def __init__(self, clock, interval_ms):
        super().__init__(port="virtual", interval_ms=interval_ms)
        self.now_ns, self._line = clock, Line(clock, interval_ms)

    def connect(self):
        return self._line

    def _first_samples(self, port):
        return []

    def begun(self, samples):
        self.wake_s = max(smartpower3._WAKE_S, self.period_s)


def resident_mb(pid="self"):
    with open("/proc/{}/statm".format(pid)) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


@pytest.mark.parametrize("interval_ms", [1000, pytest.param(10, marks=pytest.mark.soak)])
def test_a_day_of_recording_loses_nothing_and_memory_stays_flat(tmp_path, monkeypatch, interval_ms):
    clock = VirtualClock(DAY_S)
    monkeypatch.setattr(reader_module, "monotonic_ns", clock)
    reader = clock.reader = Reader("bench", Meter(clock, interval_ms), 60.0, print, lambda: None, lambda: None)
    reader.alarm = clock
    path = str(tmp_path / "bench.1.arrow")
    clock.recorded = recorded = Recorded(reader, Files(path), "smartpower3", {}, 1, print)
    reader._run()
    assert not reader.failure
    recorded.append()
    statistics = recorded.statistics()
    recorded.close()
    assert statistics["samples"] == DAY_S * 1000 // interval_ms
    assert [statistics[name] for name in ("missed", "gaps", "stale_repeats", "resynchronisations")] == [0, 0, 0, 0]
    trace = Trace.open(path)
    device_ms = trace.column("device_ns") // 10**6
    assert len(device_ms) == statistics["samples"] and (np.diff(device_ms) == interval_ms).all()
    assert len(clock.memory_mb) >= 23
    assert max(clock.memory_mb[2:]) - clock.memory_mb[1] <= FLAT_MB, clock.memory_mb


@pytest.mark.soak
def test_half_an_hour_of_three_meters_loses_nothing_and_memory_stays_flat(tmp_path):
    kinds = ("smartpower3", "line", "tc66")
    folders = [tmp_path / kind for kind in kinds]
    for folder in folders:
        folder.mkdir()
    with emulated(kinds[0], folders[0], "--profile", "sine") as one, emulated(kinds[1], folders[1]) as two:
        with emulated(kinds[2], folders[2]) as three:
            benches = (one, two, three)
            specs = ["{}:port={}".format(kind, bench.port) for kind, bench in zip(kinds, benches)]
            with RecorderProcess(tmp_path / "power", *specs) as recorder:
                recorder.until("ready")
                memory_mb, end = [], time.monotonic() + 1800
                while time.monotonic() < end:
                    time.sleep(60)
                    recorder.sync()
                    memory_mb.append(resident_mb(recorder.child.pid))
                statistics = recorder.stop()
        log = one.log()
    assert max(memory_mb[3:]) - memory_mb[2] <= FLAT_MB, memory_mb
    for found in statistics.values():
        assert (found["gaps"], found["resynchronisations"]) == (0, 0)
    assert statistics["smartpower3"]["missed"] == statistics["line"]["missed"] == 0
    trace = Trace.open(recorder.trace("smartpower3"))
    recorded = set((trace.column("device_ns") // 10**6).tolist())
    sent = {line["device_ms"] for line in log if line["device_ms"] >= min(recorded)}
    assert not {one for one in sent - recorded if one < max(recorded)}
