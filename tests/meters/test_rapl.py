"""RAPL from an imitated /sys: counters that wrap, parts that lie inside a package, and a machine without any."""

import os

import pytest

from meters import counters
from meters.counters import Counters
from meters.errors import MeterError
from meters.rapl import Meter, find_zones
from tests.meters.imitated import write

RANGE_uJ = 262143328850


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""
    now = [10**9]
    monkeypatch.setattr(counters, "monotonic_ns", lambda: now[0])
    return now


@pytest.fixture
def machine(tmp_path):
    for folder, name, count in (
        ("intel-rapl:0", "package-0", 1000000),
        ("intel-rapl:0:0", "core", 500000),
        ("intel-rapl:0:1", "dram", 200000),
        ("intel-rapl:1", "psys", 9000000),
    ):
        write(tmp_path / "sys/class/powercap" / folder / "name", name)
        write(tmp_path / "sys/class/powercap" / folder / "energy_uj", count)
        write(tmp_path / "sys/class/powercap" / folder / "max_energy_range_uj", RANGE_uJ)
    return tmp_path


def count(machine, folder, value):
    write(machine / "sys/class/powercap" / folder / "energy_uj", value)


def test_the_whole_is_packages_and_memory_and_their_parts_are_never_added(machine):
    meter = Meter(root=str(machine))
    assert [zone.name for zone in find_zones(machine)] == ["package-0", "package-0_core", "package-0_dram", "psys"]
    assert meter.total == ("package-0", "package-0_dram")
    assert [channel.boundary for channel in meter.channels] == ["module", "rail", "module", "rail"]
    assert {channel.shape for channel in meter.channels} == {"mean_over_period"}
    assert meter.identity()["zones"]["psys"] == "intel-rapl:1" and meter.simulated


def test_power_is_what_was_counted_over_the_time_since(machine, clock):
    with Meter(root=str(machine), rate=2) as meter:
        assert meter.read_row() == (None,) * 4 + (0.0,) * 4
        count(machine, "intel-rapl:0", 1000000 + 7500000)
        clock[0] += 500000000
        row = dict(zip(meter.columns, meter.read_row()))
    assert row["package-0_power_W"] == 15.0 and row["package-0_energy_J"] == 7.5
    assert row["package-0_core_power_W"] == 0.0 and meter.period_s == 0.5


def test_a_counter_that_begins_again_loses_nothing(machine, clock):
    count(machine, "intel-rapl:0", RANGE_uJ - 1000000)
    with Meter(root=str(machine)) as meter:
        meter.read_row()
        count(machine, "intel-rapl:0", 2000000)
        clock[0] += 10**9
        assert meter.read_row()[0] == 3.0


def test_a_counter_with_no_known_end_that_begins_again_is_not_available(clock):
    counter = Counters(1e-3, [None])
    for value, watts, joules in ((1000, None, 0.0), (3000, 2.0, 2.0), (500, None, 2.0), (1500, 1.0, 3.0)):
        assert counter.update([value]) == ([watts], [joules])
        clock[0] += 10**9
    assert counter.update([None]) == ([None], [None])
    clock[0] += 10**9
    assert counter.update([9999]) == ([None], [3.0])


def test_no_counters_is_an_error_and_never_0_watts(tmp_path):
    with pytest.raises(MeterError, match="^no RAPL counters on this machine"):
        Meter(root=str(tmp_path))


def test_counters_that_only_root_may_read(machine, monkeypatch):
    meter = Meter(root=str(machine))

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(MeterError, match="no permission.*sudo chmod o[+]r .*intel-rapl:[*]/energy_uj"):
            meter.open()
    assert len(meter.read_row()) == 8


def test_a_zone_that_goes_or_holds_no_number(machine, monkeypatch):
    with Meter(root=str(machine)) as meter:
        count(machine, "intel-rapl:0:0", "")
        with pytest.raises(MeterError, match="zone package-0_core holds no number"):
            meter.read_row()

    def gone(*_):
        raise OSError(19, "No such device")

    with Meter(root=str(machine)) as meter:
        monkeypatch.setattr(os, "pread", gone)
        with pytest.raises(MeterError, match="zone package-0 can no longer be read: No such device"):
            meter.read_row()
    with pytest.raises(MeterError, match="rate=0"):
        Meter(root=str(machine), rate=0.0)
