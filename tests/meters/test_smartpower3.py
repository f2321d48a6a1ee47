"""The SmartPower3 driver: frames with both checks, the device's clock, and only intervals that the line carries."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meters.base import Sample
from meters.emulators.smartpower3 import frame as emulated_frame
from meters.errors import MeterError
from meters.smartpower3 import FRAME_BYTES, Meter, checks, decode
from tests.meters.bench import emulated, read_for
from tests.meters.vectors import frame, negatives, vectors

FRAME = emulated_frame(815169, 7.5)
MILLISECOND = 10**6

powers = st.floats(0, 50)
frames = st.builds(emulated_frame, st.integers(0, 2**32 - 1), powers)


@pytest.mark.parametrize("vector", vectors("osp3"), ids=lambda vector: vector["id"])
def test_frames_of_real_meters(vector):
    reading, expect = decode(frame(vector)), vector["expect"]
    assert reading["time_ms"] == expect["ms"]
    assert [reading["in_" + name] for name in ("voltage_V", "current_A", "power_W")] == list(expect["in"].values())
    assert reading["out1_power_W"] == reading["out2_power_W"] == reading["out1_on"] == 0


@pytest.mark.parametrize("vector", negatives("osp3"), ids=lambda vector: vector["id"])
def test_a_frame_with_a_wrong_check_is_refused(vector):
    with pytest.raises(MeterError, match="wrong checks"):
        decode(frame(vector))


def test_any_buffer_of_bytes_will_do():
    assert decode(bytearray(FRAME)) == decode(memoryview(FRAME)) == decode(FRAME)


def test_states_and_both_outputs():
    head = b"0000000005,19000,1200,22800,1,12000,1000,12000,1,0f,05000,0500,02500,1,10,"
    reading = decode(head + checks(head))
    assert (reading["in_low"], reading["out1_on"], reading["out2_on"]) == (1, 1, 1)
    assert (reading["out1_interrupt"], reading["out2_interrupt"]) == (15, 16)
    assert (reading["out1_power_W"], reading["out2_power_W"], reading["out2_voltage_V"]) == (12.0, 2.5, 5.0)


def test_a_negative_value_keeps_its_sign():
    head = FRAME[:74].replace(b",07500,", b",-0012,")
    assert decode(head + checks(head))["out1_power_W"] == -0.012


@given(st.integers(0, 2**32 - 1), powers)
def test_what_the_emulator_sends_is_what_is_read(time_ms, watts):
    reading = decode(emulated_frame(time_ms, watts))
    assert reading["time_ms"] == time_ms
    assert reading["out1_power_W"] == pytest.approx(watts, abs=0.00051)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data):
    with pytest.raises(MeterError):
        decode(data)


@given(frames, st.integers(0, 8 * FRAME_BYTES - 1))
def test_one_flipped_bit_is_always_seen(data, bit):
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(MeterError):
        decode(bytes(flipped))


@given(frames, st.lists(st.tuples(st.integers(0, FRAME_BYTES - 1), st.integers(0, 255)), max_size=4))
def test_any_damage_gives_a_reading_or_a_meter_error(data, damage):
    damaged = bytearray(data)
    for place, byte in damage:
        damaged[place] = byte
    try:
        assert decode(bytes(damaged)).keys() == decode(FRAME).keys()
    except MeterError:
        assert damaged != data


@given(frames, st.integers(0, FRAME_BYTES - 1), frames)
def test_a_part_of_a_frame_and_more_than_a_frame_are_refused(data, length, other):
    for wrong in (data[:length], data[length + 1 :], data + other, data[:length] + other):
        if len(wrong) != FRAME_BYTES:
            with pytest.raises(MeterError):
                decode(wrong)


@given(st.binary(max_size=300), st.lists(powers, min_size=3, max_size=3))
@example(b"\n" * 200, [1.0, 2.0, 3.0])
@example(FRAME[:-1], [1.0, 2.0, 3.0])
@example(b"\xff" * 5000, [1.0, 2.0, 3.0])
def test_after_garbage_the_stream_is_found_again_within_two_frames(garbage, watts):
    meter = Meter("/dev/null")
    good = [emulated_frame(10 * index, power) for index, power in enumerate(watts)]
    samples = meter.feed(FRAME + garbage + b"".join(good), 10**9)
    times = [sample.device_ns // MILLISECOND for sample in samples]
    assert times[0] == 815169 and times[-2:] == [10, 20]


@given(st.lists(powers, min_size=1, max_size=5), st.lists(st.integers(0, 5 * FRAME_BYTES), max_size=6))
def test_it_does_not_matter_where_the_stream_is_cut(watts, cuts):
    stream = b"".join(emulated_frame(10 * index, power) for index, power in enumerate(watts))
    meter, samples = Meter("/dev/null"), []
    edges = [0, *sorted(cuts), len(stream)]
    for now_ns, (start, stop) in enumerate(zip(edges, edges[1:]), 1):
        samples += meter.feed(stream[start:stop], now_ns * 10**9)
    assert [sample.values[3] for sample in samples] == pytest.approx(watts, abs=0.00051)
    assert meter.resynchronisations == 0


def test_bytes_that_are_no_frame_are_counted_once_per_damage():
    meter = Meter("/dev/null")
    meter.feed(b"end of a line\n" + FRAME, 10**9)
    assert meter.resynchronisations == 0, "the line was running before it was opened"
    meter.feed(b"x\ny\nz\n" + FRAME + b"again\n" + FRAME, 2 * 10**9)
    assert meter.resynchronisations == 2
    assert len(meter.feed(b"garbage" + FRAME, 3 * 10**9)) == 1
    assert meter.resynchronisations == 3


def test_frames_that_come_together_are_dated_as_the_line_could_carry_them():
    samples = Meter("/dev/null").feed(FRAME * 3 + FRAME[:50], 10**9)
    byte_ns = 10 * 10**9 / 115200
    assert [round((10**9 - sample.t_ns) / byte_ns) for sample in samples] == [212, 131, 50]


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"interval_ms": 5}, "115200 baud cannot carry a frame every 5 ms, for one takes 7.0 ms"),
        ({"interval_ms": 7}, "no interval of 7 ms; its menu has 5, 10, 50, 100, 500, 1000"),
        ({"output": 3}, "outputs 1 and 2"),
        ({"baud": 0}, "baud=0 is no line rate"),
    ],
)
def test_options_that_the_device_does_not_have_are_refused(options, sentence):
    with pytest.raises(MeterError, match=sentence):
        Meter("/dev/null", **options)


def test_the_output_that_feeds_the_board_is_the_total():
    assert Meter("/dev/null").total == ("out1",)
    assert Meter("/dev/null", output=2).total == ("out2",)


def test_a_faster_line_carries_200_samples_a_second(tmp_path):
    with emulated("smartpower3", tmp_path, "--profile", "const:7.5", "--baud", "230400", "--interval", "5") as bench:
        with Meter(bench.port, baud=230400, interval_ms=5) as meter:
            samples = read_for(meter, 0.5)
    steps = {after.device_ns - before.device_ns for before, after in zip(samples, samples[1:])}
    assert meter.period_s == 0.005 and meter.simulated
    assert steps == {5 * MILLISECOND}
    assert {sample.values[3] for sample in samples} == {7.5}


def test_a_device_set_to_more_than_its_line_carries_is_recognised(tmp_path):
    with emulated("smartpower3", tmp_path, "--interval", "5") as bench:
        with pytest.raises(MeterError, match="a frame takes 7.0 ms, so choose a longer interval or a faster line"):
            Meter(bench.port).open()


def test_frames_lost_to_garbage_while_opening_do_not_hide_the_interval():
    meter = Meter("/dev/null")
    meter.begun([Sample(0, 0, at_ms * MILLISECOND, ()) for at_ms in (0, 20, 30, 50, 70, 90)])
    assert meter.period_s == 0.01


def test_a_device_whose_time_does_not_run_is_refused():
    with pytest.raises(MeterError, match="every 0 ms, which is no interval of the device's menu"):
        Meter("/dev/null").begun([Sample(0, 0, 50 * MILLISECOND, ())] * 6)


def test_an_interval_that_the_device_does_not_keep_is_refused(tmp_path):
    with emulated("smartpower3", tmp_path, "--interval", "50") as bench:
        with pytest.raises(MeterError, match="sends a frame every 50 ms, not 10: set the interval"):
            Meter(bench.port, interval_ms=10).open()
