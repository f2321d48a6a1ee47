"""PowerSensor3, from synthetic words: there is no capture of a real one."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.emulators.powersensor3 import CURRENT, VOLTAGE, word
from meters.errors import MeterError
from meters.powersensor3 import Meter, decode
from meters.powersensor3_sensors import RECORD, UNSCALED, Sensor, pairs, parse_sensor
from meters.powersensor3_stream import BACK_US, Blocks, Stream
from tests.meters.bench import emulated, read_for

OFF = Sensor(in_use=False)
ONE_PAIR = (CURRENT, VOLTAGE, *[OFF] * 6)


def sample(time_us, *levels):
    return word(7, True, time_us % 1024) + b"".join(word(n, False, level) for n, level in enumerate(levels))


def test_a_sample_of_all_sensors_is_18_bytes():
    frame = sample(700, *range(100, 108))
    reading = decode(frame)
    assert len(frame) == 18 and reading["time_us"] == 700
    volts = [3.3 * level / 1023 for level in range(100, 108)]
    for pair in range(4):
        assert reading[f"pair{pair}_current_A"] == pytest.approx(volts[2 * pair])
        assert reading[f"pair{pair}_voltage_V"] == pytest.approx(volts[2 * pair + 1])
        assert reading[f"pair{pair}_power_W"] == pytest.approx(volts[2 * pair] * volts[2 * pair + 1])


def test_levels_are_scaled_by_reference_and_sensitivity():
    reading = decode(sample(0, 536, 648), ONE_PAIR)
    assert reading["pair0_current_A"] == pytest.approx((3.3 * 536 / 1023 - 1.65) / 0.12)
    assert reading["pair0_voltage_V"] == pytest.approx(3.3 * 648 / 1023 / 0.11)


@pytest.mark.parametrize("levels, known", [((1023, 648), 648), ((0, 648), 648), ((536, 1023), None), ((536, 0), 0)])
def test_a_level_at_the_end_of_its_scale_is_no_value(levels, known):
    """0 is an end for a current, whose zero lies in the middle, and a voltage like any other."""
    reading = decode(sample(0, *levels), ONE_PAIR)
    volts = None if known is None else pytest.approx(3.3 * known / 1023 / 0.11)
    assert reading["pair0_voltage_V"] == volts
    assert (reading["pair0_current_A"] is None) == (levels[0] != 536)
    assert (reading["pair0_power_W"] is None) == (levels in ((1023, 648), (0, 648), (536, 1023)))


def test_a_mean_with_an_unknown_level_in_it_is_not_known():
    meter = Meter(port="unused", rate=1000)
    meter.configure(ONE_PAIR)
    levels = [(536, 648)] * 30 + [(1023, 648)] + [(536, 648)] * 30
    text = b"".join(sample(50 * n, *pair) for n, pair in enumerate(levels))
    watts = [reading.values[0] for reading in meter.feed(text, 10**9)]
    assert watts == [pytest.approx(12.515, abs=0.001), None, pytest.approx(12.515, abs=0.001)]


@pytest.mark.parametrize(
    "frame", [b"", sample(0, 1), sample(0, 1, 2)[1:], sample(0, 1, 2) * 2, sample(0, 1, 2)[2:] * 2]
)
def test_what_is_no_whole_sample_is_refused(frame):
    with pytest.raises(MeterError):
        decode(frame, ONE_PAIR)
    with pytest.raises(MeterError, match="measures no power"):
        decode(sample(0, 1), (CURRENT, *[OFF] * 7))


@given(st.binary(max_size=40))
def test_any_bytes_give_a_reading_or_a_meter_error(data):
    for sensors in (UNSCALED, ONE_PAIR):
        try:
            decode(data, sensors)
        except MeterError:
            pass


@given(st.lists(st.integers(1, 30), max_size=40), st.binary(max_size=20))
def test_a_stream_cut_anywhere_gives_each_sample_once(cuts, before):
    data = before + b"".join(sample(50 * n, n, n + 1) for n in range(60))
    stream, times, levels = Stream([0, 1]), [], []
    for cut in [*cuts, len(data)]:
        piece, data = data[:cut], data[cut:]
        some_times, some_levels = stream.push(piece)
        times, levels = [*times, *some_times.tolist()], [*levels, *some_levels.tolist()]
    assert levels[-59:] == [[n, n + 1] for n in range(1, 60)]
    assert np.diff(times[-59:]).tolist() == [50] * 58


def test_after_a_lost_byte_time_steps_back():
    data = b"".join(sample(50 * n, n, n) for n in range(10))
    stream = Stream([0, 1])
    times, _ = stream.push(data[:15] + data[16:])
    assert stream.broken == 1 and np.diff(times).tolist() == [50, 50 - BACK_US, 50, 50, 50, 50, 50, 50]


@pytest.mark.parametrize("lost", [1, 2, 10, 232, 3260])
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_lost_samples_are_noticed_however_many(lost, cut):
    data = b"".join(sample(50 * n, n % 1024, n % 1024) for n in range(100 + lost))
    stream, times = Stream([0, 1]), []
    for piece in (data[: 6 * 50 + cut], data[6 * (50 + lost) + cut :]):
        times += stream.push(piece)[0].tolist()
    steps = np.diff(times)
    assert len(times) >= 97 and (steps < 0).sum() in (1, 2) and np.abs(steps[steps >= 0] - 50).max() <= 25


@given(st.integers(0, 50), st.integers(1, 7))
def test_block_means_keep_the_energy(n_samples, n_block):
    values = np.arange(2.0 * n_samples).reshape(-1, 2) ** 2
    blocks, ends, means = Blocks(n_block, 2), [], []
    for start in range(0, n_samples, 4):
        found = blocks.push(np.arange(start, min(start + 4, n_samples)), values[start : start + 4])
        assert [block.behind_us for block in found] == [min(start + 4, n_samples) - 1 - block.end_us for block in found]
        ends, means = [*ends, *[block.end_us for block in found]], [*means, *[block.values for block in found]]
    assert ends == list(range(n_block - 1, n_samples, n_block))
    assert np.sum(means) * n_block == pytest.approx(values[: len(ends) * n_block].sum())


def test_settings_of_a_sensor():
    record = RECORD.pack(b"MLX", b"12 V/aux", 1.65, 0.06, True)
    assert len(record) == 41 and parse_sensor(record)[:2] == ("MLX", "12 V/aux")
    for wrong in (record[:-1], RECORD.pack(b"", b"", 1.65, 0.0, True), RECORD.pack(b"", b"", float("nan"), 1.0, True)):
        with pytest.raises(MeterError):
            parse_sensor(wrong)
    named = Sensor(pair="12 V/aux")
    assert pairs((named,) * 4 + (OFF,) * 2 + (Sensor(),) * 2) == {0: "12_V_aux", 1: "12_V_aux_1", 3: "pair3"}


def test_an_emulated_meter_stores_block_means(tmp_path):
    with emulated("powersensor3", tmp_path, "--profile", "const:12.5") as bench:
        with Meter(port=bench.port, rate=100.0) as meter:
            samples = read_for(meter, 1.0)
            identity = meter.identity()
    assert meter.columns == ("Jetson_power_W", "Jetson_voltage_V", "Jetson_current_A") and meter.total == ("Jetson",)
    assert meter.channels[0].shape == "mean_over_period" and meter.period_s == 0.01
    assert len(samples) > 60
    assert [sample.values[0] for sample in samples] == pytest.approx([12.5] * len(samples), rel=1e-3)
    assert set(np.diff([sample.device_ns for sample in samples])) == {10**7}
    assert identity["samples_per_row"] == 200 and "never tried" in identity["note"]


def test_another_device_and_options_that_make_no_sense(tmp_path):
    with emulated("smartpower3", tmp_path) as bench:
        with pytest.raises(MeterError, match="PowerSensor3"):
            Meter(port=bench.port).open()
    with emulated("powersensor3", tmp_path) as bench:
        with pytest.raises(MeterError, match="there are: Jetson"):
            Meter(port=bench.port, total="GPU").open()
    for options in ({"rate": 0.0}, {"rate": 20000.0}, {"boundary": "desk"}):
        with pytest.raises(MeterError, match="powersensor3: "):
            Meter(port="unused", **options)


def test_a_port_where_nothing_answers_says_so(monkeypatch):
    monkeypatch.setattr("meters.powersensor3.REPLY_S", 0.05)
    device, port = os.openpty()
    try:
        with pytest.raises(MeterError, match=f"no reply came from {os.ttyname(port)} in 0.05 s: is it a PowerSensor3"):
            Meter(os.ttyname(port)).open()
    finally:
        os.close(device)
        os.close(port)
