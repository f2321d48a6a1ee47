"""Readers and the writer, with meters that block, fall silent, vanish and break."""

import io
import os
import threading
import time

import numpy as np
import pytest

from harness.progress import Plain
from harness.recording import reader as reader_module
from harness.recording import recorded as recorded_module
from harness.recording.alarm import Alarm
from harness.recording.reader import SPOOL_BYTES, Reader
from harness.recording.recorded import Files, Recorded
from harness.recording.writer import Writer
from meters.base import Channel, Meter, Polled, Sample
from meters.clock import monotonic_ns
from meters.errors import MeterError
from meters.trace import Trace
from meters.trace_write import TraceWriter

MS = 10**6
SECOND = 10**9


class Toy(Polled):
    """Counts up at 100 Hz."""

    channels = (Channel("in", "dc_input"),)
    columns = ("in_power_W",)
    total = ("in",)
    period_s = 0.01

    def __init__(self):
        self.n = self.opened = 0

    def open(self):
        self.opened += 1

    def read_row(self):
        self.n += 1
        return (float(self.n),)


class Blocking(Toy):
    """The fifth read takes until it is released."""

    def __init__(self):
        super().__init__()
        self.released = threading.Event()

    def read_row(self):
        if self.n == 5:
            self.released.wait(10)
        return super().read_row()


class Vanishing(Toy):
    """Gone after five reads; comes back at the third attempt."""

    def open(self):
        super().open()
        if self.opened in (2, 3):
            raise MeterError("still away")

    def read_row(self):
        if self.n == 5 and self.opened == 1:
            raise MeterError("it has vanished")
        return super().read_row()


class Dead(Toy):
    """Opens after five reads as ever, and gives no reading any more."""

    def read_row(self):
        if self.n == 5:
            raise MeterError("its chip does not answer")
        return super().read_row()


class Broken(Toy):
    def read_row(self):
        raise KeyError("a mistake in the driver")


class Burst(Meter):
    """Delivers far more than anyone can write."""

    channels, columns, total, period_s = Toy.channels, Toy.columns, Toy.total, 0.01

    def samples(self):
        now_ns = monotonic_ns()
        return [Sample(now_ns + n, 0, None, (1.0,)) for n in range(50000)]


class Mute(Toy):
    """Opens, and never has a sample."""

    buffered = True

    def samples(self):
        return []


class Bench:
    """Readers and a writer as the recorder puts them together."""

    def __init__(self, folder, batch_s=0.2, give_up_s=60.0, spool_bytes=SPOOL_BYTES, **meters):
        self.messages = []
        self.readers = [
            Reader(name, meter, give_up_s, self.report, lambda: self.writer.looked(), lambda: None, spool_bytes)
            for name, meter in meters.items()
        ]
        self.recorded = [
            Recorded(reader, Files(str(folder / (reader.name + ".1.arrow"))), "toy", {}, 1, self.report)
            for reader in self.readers
        ]
        self.writer = Writer(self.recorded, batch_s, self.report, lambda: None)

    def report(self, **message):
        self.messages.append(message)

    def said(self, key):
        return [message[key] for message in self.messages if key in message]

    def __enter__(self):
        self.writer.start()
        for reader in self.readers:
            reader.start()
        return self

    def __exit__(self, *_):
        for reader in self.readers:
            reader.stop()
        for reader in self.readers:
            reader.join(0.3)
        self.writer.finish(close=True)


def wait_for(condition, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_register_is_read_on_absolute_deadlines(tmp_path):
    with Bench(tmp_path, meter=Toy()):
        time.sleep(1.0)
    trace = Trace.open(tmp_path / "meter.1.arrow")
    steps = (trace.t_ns - trace.t_ns[0]) / (10 * MS)
    assert len(steps) >= 40 and np.median(abs(steps - steps.round())) < 0.2, "no drift from read to read"
    assert trace.column("read_ns").max() < 10 * MS


def test_a_blocked_read_delays_no_other_meter_and_no_sync(tmp_path):
    blocked = Blocking()
    with Bench(tmp_path, slow=blocked, good=Toy()) as bench:
        wait_for(lambda: blocked.n == 5)
        time.sleep(0.5)
        asked_ns = monotonic_ns()
        bench.writer.sync(asked_ns)
        wait_for(lambda: bench.said("synced") == [asked_ns], 3.0)
        assert blocked.n == 5
        blocked.released.set()
        wait_for(lambda: blocked.n > 10)
    good = Trace.open(tmp_path / "good.1.arrow")
    assert good.gaps() == [] or max(stop - start for start, stop in good.gaps()) < 300 * MS
    assert any(stop - start > 400 * MS for start, stop in Trace.open(tmp_path / "slow.1.arrow").gaps())


def test_a_blocked_meter_does_not_hold_up_the_end(tmp_path):
    blocked = Blocking()
    begin = time.monotonic()
    with Bench(tmp_path, slow=blocked):
        wait_for(lambda: blocked.n == 5)
    assert time.monotonic() - begin < 3.0
    assert len(Trace.open(tmp_path / "slow.1.arrow").t_ns) == 5
    blocked.released.set()


def test_a_vanished_meter_is_connected_again(tmp_path):
    meter = Vanishing()
    with Bench(tmp_path, meter=meter) as bench:
        wait_for(lambda: meter.n > 10)
    trace = Trace.open(tmp_path / "meter.1.arrow")
    assert meter.opened == 4
    assert sorted(set(trace.segment.tolist())) == [0, 1]
    assert bench.said("warning") == ["meter meter: it has vanished; connecting again"]
    ((gap),) = bench.said("gap")
    assert gap["meter"] == "meter" and gap["stop_ns"] - gap["start_ns"] > 700 * MS


def test_a_meter_that_opens_and_never_reads_again_is_told_once_and_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(reader_module, "BACK_OFF_S", (0.05, 0.1, 0.2))
    meter = Dead()
    with Bench(tmp_path, give_up_s=1.0, meter=meter) as bench:
        wait_for(lambda: bench.readers[0].failure)
    assert bench.said("warning") == ["meter meter: its chip does not answer; connecting again"]
    assert bench.readers[0].failure == "meter meter: it has been away for more than 1 s: its chip does not answer"
    assert 4 <= meter.opened <= 9, "asked ever less often, as one that does not open is"
    assert len(Trace.open(tmp_path / "meter.1.arrow").t_ns) == 5


def test_waiting_for_a_meter_ends_with_the_recording(tmp_path):
    meter = Vanishing()
    with Bench(tmp_path, meter=meter):
        wait_for(lambda: meter.opened == 2)
    assert meter.n == 5


def test_a_meter_that_is_away_holds_up_no_sync(tmp_path):
    meter = Vanishing()
    with Bench(tmp_path, meter=meter) as bench:
        wait_for(lambda: meter.opened == 2)
        asked_ns = monotonic_ns()
        bench.writer.sync(asked_ns)
        wait_for(lambda: bench.said("synced") == [asked_ns])


def test_a_silent_meter_is_connected_again_and_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(reader_module, "SILENT_S", 0.2)
    with Bench(tmp_path, give_up_s=0.1, meter=Mute()) as bench:
        wait_for(lambda: bench.said("warning"))
    assert bench.said("warning")[0] == "meter meter: it sends nothing any more; connecting again"


def test_a_mistake_in_a_driver_is_a_failure_not_silence(tmp_path):
    with Bench(tmp_path, meter=Broken()) as bench:
        wait_for(lambda: bench.readers[0].failure)
    assert bench.readers[0].failure == "the driver of meter meter failed: KeyError('a mistake in the driver'{})".format(
        "," * ("," in repr(KeyError("")))
    )


def test_samples_that_the_disk_does_not_take_are_bounded(tmp_path):
    bench = Bench(tmp_path, meter=Burst())
    bench.readers[0].start()
    wait_for(lambda: bench.readers[0].failure, 20.0)
    assert "the disk does not take what the meter delivers: 250000 samples are waiting" in bench.readers[0].failure
    assert "memory is kept for 215092; record to a faster disk" in bench.readers[0].failure
    assert len(bench.readers[0].queue) <= 250000


class SlowDisk(TraceWriter):
    """Takes nothing while it is `stuck`."""

    stuck = threading.Event()

    def append(self, rows):
        while self.stuck.is_set():
            time.sleep(0.01)
        super().append(rows)


def test_what_a_slow_disk_does_not_take_at_once_waits_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded_module, "TraceWriter", SlowDisk)
    SlowDisk.stuck.set()
    with Bench(tmp_path, batch_s=0.05, meter=Toy()) as bench:
        wait_for(lambda: len(bench.readers[0].queue) >= 50)
        assert not bench.readers[0].failure
        SlowDisk.stuck.clear()
        wait_for(lambda: not bench.readers[0].queue)
    trace = Trace.open(tmp_path / "meter.1.arrow")
    assert np.diff(trace.power_W()).tolist() == [1.0] * (len(trace.t_ns) - 1), "none is lost"


def test_a_disk_that_stays_stuck_ends_the_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded_module, "TraceWriter", SlowDisk)
    SlowDisk.stuck.set()
    with Bench(tmp_path, batch_s=0.05, spool_bytes=10000, meter=Toy()) as bench:
        wait_for(lambda: bench.readers[0].failure)
        assert "the disk does not take what the meter delivers" in bench.readers[0].failure
        SlowDisk.stuck.clear()
    assert len(Trace.open(tmp_path / "meter.1.arrow").t_ns) >= 10000 // (280 + 32), (
        "what waited is written all the same"
    )


def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path):
    with Bench(tmp_path / "missing", batch_s=0.05, meter=Toy()) as bench:
        wait_for(lambda: bench.writer.failure)
    assert "the trace cannot be written: No such file or directory" in bench.writer.failure


def test_watts_are_means_of_what_was_written(tmp_path):
    with Bench(tmp_path, batch_s=0.3, meter=Toy()) as bench:
        wait_for(lambda: bench.said("watts"))
    watts = bench.said("watts")[0]["meter"]
    assert 1.0 < watts < 32.0


def test_a_meter_that_is_away_shows_no_watts(tmp_path):
    with Bench(tmp_path, batch_s=0.1, meter=Dead()) as bench:
        wait_for(lambda: bench.said("watts")[-2:] == [{"meter": None}] * 2)
    progress = Plain(io.StringIO())
    progress.watts({"meter": 12.0, "other": 3.0})
    assert progress.power == "meter 12.00 W, other 3.00 W"
    progress.watts({"meter": None, "other": 3.0})
    assert progress.power == "meter away, other 3.00 W"


def test_an_alarm_wakes_and_is_forgotten():
    alarm = Alarm()
    assert alarm.wait(monotonic_ns() + 20 * MS) is False
    alarm.ring()
    alarm.ring()
    assert alarm.wait(monotonic_ns() + SECOND) is True
    assert alarm.wait(monotonic_ns()) is False


def test_an_alarm_may_ring_for_ever():
    alarm = Alarm()
    for _ in range(70000):
        alarm.ring()
    assert alarm.wait(monotonic_ns())
    alarm.clear()


@pytest.mark.parametrize("n", [1, 3])
def test_syncs_are_answered_in_order(tmp_path, n):
    with Bench(tmp_path, batch_s=60, meter=Toy()) as bench:
        wait_for(lambda: bench.readers[0].delivered)
        asked = [monotonic_ns() + one for one in range(n)]
        for one in asked:
            bench.writer.sync(one)
        wait_for(lambda: len(bench.said("synced")) == n)
        assert bench.said("synced") == asked
        assert os.path.getsize(str(tmp_path / "meter.1.arrow")) > 0
