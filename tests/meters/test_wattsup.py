"""The WattsUp driver: packets by the vendor's format, nothing believed that contradicts itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import MeterError
from meters.wattsup import Meter, decode
from tests.meters.bench import emulated, read_for
from tests.meters.vectors import expected, frame, vectors

FRAME = b"#d,-,18,972,2277,433,5,0,70035,5602,973,2280,435,972,2274,432,95,0,0,500,1020;"


@pytest.mark.parametrize("vector", vectors("wattsup"), ids=lambda vector: vector["id"])
def test_frames_of_real_meters(vector):
    reading = decode(frame(vector))
    for name, value in expected(vector).items():
        assert reading[name] == value


def test_line_ends_within_a_packet_are_ignored():
    assert decode(b"\r\n" + FRAME.replace(b",2277", b",22\r\n77") + b"\r\n") == decode(FRAME)


@pytest.mark.parametrize(
    "damaged",
    [
        FRAME[1:],
        FRAME[:-1],
        FRAME + FRAME,
        FRAME.replace(b",18,", b",17,"),
        FRAME.replace(b",500", b""),
        FRAME.replace(b",18,972", b",17").replace(b",973", b""),
        FRAME.replace(b"2277", b"22x7"),
        FRAME.replace(b"972,2277", b"97,2277"),
        FRAME.replace(b"433", b"4333"),
        b"#d,-,3,972,2277,433;",
        b"",
    ],
)
def test_a_packet_that_is_not_whole_or_contradicts_itself_is_refused(damaged):
    with pytest.raises(MeterError):
        decode(damaged)


@given(
    st.binary(max_size=200)
    | st.builds(lambda n, byte: FRAME[:n] + byte + FRAME[n + 1 :], st.integers(0, 80), st.binary(max_size=3))
)
def test_any_bytes_give_a_reading_or_a_meter_error(data):
    try:
        decode(data)
    except MeterError:
        pass


def readings(meter, chunks):
    return [sample.values for chunk in chunks for sample in meter.feed(chunk, 10**9)]


@given(st.lists(st.integers(1, 40), max_size=20))
def test_a_stream_cut_anywhere_gives_each_packet_once(cuts):
    stream, chunks = b"\x00junk;72,5;" + FRAME + b"\r\n" + FRAME + b"#v,-,1,0;" + FRAME, []
    for cut in cuts:
        chunks.append(stream[:cut])
        stream = stream[cut:]
    assert readings(Meter(port="unused"), [*chunks, stream]) == [(97.2, 227.7, 0.433, 0.95, 0.5)] * 3


def test_a_lost_beginning_is_counted_and_the_next_packet_is_read():
    meter = Meter(port="unused")
    assert len(readings(meter, [FRAME, FRAME[30:], FRAME])) == 2
    assert meter.resynchronisations == 1


def test_the_channel_is_the_wall_plug_and_a_mean_over_each_second():
    meter = Meter(port="unused")
    (wall,) = meter.channels
    assert (wall.boundary, wall.shape, wall.gain_error, wall.offset_error_W) == (
        "ac_wall",
        "mean_over_period",
        0.015,
        0.3,
    )
    assert meter.total == ("wall",) and meter.period_s == 1.0


def test_no_line_rate_of_zero():
    with pytest.raises(MeterError, match="baud=0"):
        Meter(port="unused", baud=0)


def test_a_real_driver_reads_an_emulated_meter(tmp_path):
    with emulated("wattsup", tmp_path, "--profile", "const:12.5") as bench:
        with Meter(port=bench.port) as meter:
            samples = read_for(meter, 2.2)
            assert meter.simulated and meter.identity()["version"][:2] == ["1", "65206"]
        sent = bench.log()
    assert len(samples) >= 2
    assert {sample.values[0] for sample in samples} == {12.5}
    for sample, truth in zip(samples[1:], sent[1:]):
        assert 0 <= sample.t_ns - truth["sample_ns"] < 0.3e9


def test_damaged_packets_cost_samples_and_nothing_else(tmp_path):
    faults = ("--fault", "garbage@1.5", "--fault", "checksum@1.9", "--fault", "partial@2.3")
    with emulated("wattsup", tmp_path, "--profile", "const:12.5", "--interval", "100", *faults) as bench:
        with Meter(port=bench.port) as meter:
            samples = read_for(meter, 2.5)
        sent = bench.log()
    assert {sample.values[:4] for sample in samples} == {(12.5, 120.0, 0.11, 0.95)}
    assert meter.resynchronisations == 3
    assert abs(len(samples) - len(sent)) <= 2


def test_a_meter_told_to_leave_out_its_power_cannot_be_used():
    meter = Meter(port="unused")
    no_power = FRAME.replace(b",972,2277", b",_,2277", 1)
    with pytest.raises(MeterError, match="leave out its power"):
        meter.begun(meter.feed(no_power, 10**9))
