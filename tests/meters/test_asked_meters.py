"""Meters that answer when asked, each real driver against its emulator: readings, damage, silence, another device."""

import os

import pytest

from meters import queried
from meters.errors import MeterError
from meters.spec import MeterSpec
from tests.meters.bench import emulated, read_for

METERS = {
    "pzem": ("--interval", "100"),
    "pzem:variant=dc,address=1": ("--interval", "100"),
    "um": ("--interval", "100"),
    "tc66": (),
}


def create(text, port):
    """The driver, asking more often than its native period so that the tests are short."""
    kind, _, options = text.partition(":")
    meter = MeterSpec.parse(f"{kind}:port={port},{options}").create()
    meter.period_s, meter.timeout_s = 0.1, 0.3
    return meter


@pytest.fixture(params=sorted(METERS))
def kind(request):
    return request.param


def test_power_and_energy_are_those_of_the_emulated_board(kind, tmp_path):
    with emulated(kind.partition(":")[0], tmp_path, "--profile", "const:12.5", *METERS[kind]) as bench:
        with create(kind, bench.port) as meter:
            samples = read_for(meter, 1.2)
            assert meter.simulated and meter.identity()["port"] == bench.port
    rows = [dict(zip(meter.columns, sample.values)) for sample in samples]
    (channel,) = meter.total
    assert len(rows) >= 4
    assert {row[channel + "_power_W"] for row in rows} <= {0.0, 12.5}  # 0 until its first measurement
    assert rows[-1][channel + "_power_W"] == 12.5
    volts, amps = rows[-1][channel + "_voltage_V"], rows[-1][channel + "_current_A"]
    assert volts * amps * rows[-1].get(channel + "_power_factor", 1.0) == pytest.approx(12.5, rel=0.02)
    assert rows[-1]["energy_Wh"] >= rows[0]["energy_Wh"]
    assert all(sample.read_ns > 0 for sample in samples)


def test_damaged_replies_are_counted_and_the_next_ones_are_read(kind, tmp_path):
    faults = ("--fault", "checksum@1", "--fault", "partial@1.2", "--fault", "garbage@1.8")
    with emulated(kind.partition(":")[0], tmp_path, "--profile", "const:12.5", *METERS[kind], *faults) as bench:
        with create(kind, bench.port) as meter:
            samples = read_for(meter, 2.4)
    assert meter.resynchronisations >= 3
    assert {sample.values[0] for sample in samples} <= {0.0, 12.5} and samples[-1].values[0] == 12.5


def test_nobody_there_and_somebody_else_there(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(queried, "_FIRST_REPLY_S", 0.3)
    master, slave = os.openpty()
    meter = create(kind, os.ttyname(slave))
    with pytest.raises(MeterError, match="no reply came from {} at .*[?]".format(os.ttyname(slave))):
        meter.open()
    os.close(master)
    os.close(slave)
    with emulated("smartpower3", tmp_path) as bench:
        with pytest.raises(MeterError, match="another baud rate or another device"):
            create(kind, bench.port).open()


def test_unplugged_while_reading(kind, tmp_path):
    with emulated(kind.partition(":")[0], tmp_path, *METERS[kind], "--fault", "unplug@1+9") as bench:
        with create(kind, bench.port) as meter:
            with pytest.raises(MeterError, match=bench.port):
                read_for(meter, 4)
