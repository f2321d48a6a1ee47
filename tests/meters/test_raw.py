"""Raw bytes of a line, decoded anew by the meter's own driver, are the same readings at the same distances."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters import replay, replay_raw
from meters.errors import MeterError
from meters.raw import CAME, RawWriter, Tape
from meters.raw_read import is_raw, read_raw
from meters.spec import MeterSpec
from tests.meters.bench import emulated, read_for

SPECS = {
    "line": "line:port={}",
    "powersensor3": "powersensor3:port={},rate=100",
    "pzem": "pzem:port={},variant=dc",
    "scpi": "scpi:port={},baud=115200",
    "smartpower3": "smartpower3:port={}",
    "tc66": "tc66:port={}",
    "um": "um:port={}",
    "wattsup": "wattsup:port={}",
}
SECONDS = {"powersensor3": 0.2, "um": 1.1, "pzem": 1.1, "wattsup": 1.1}


def taped(spec, path, seconds):
    """The samples of a meter; what passed on its line is in the file."""
    meter, tape = spec.create(), Tape()
    meter.tape = tape
    with meter:
        samples, deadline = read_for(meter, seconds), time.monotonic() + 10
        while len(samples) < 2 and time.monotonic() < deadline:  # a busy machine
            samples += read_for(meter, 0.2)
    writer = RawWriter(str(path), {"name": spec.name, "kind": spec.kind, "options": spec.options}, True)
    writer.append(tape.take())
    writer.close()
    assert tape.n_bytes == 0
    return meter, samples


@pytest.fixture
def hurried(monkeypatch):
    """A clock on which everything is due already."""
    now = [10**14]

    def later():
        now[0] += 10**10
        return now[0]

    monkeypatch.setattr(replay_raw, "monotonic_ns", later)


def played(path):
    meter, samples = replay.Meter(str(path)), []
    with meter:
        samples += meter.samples()
        with pytest.raises(MeterError, match="is at its end after"):
            while True:
                samples += meter.samples()
    return meter, samples


def assert_same(samples, others):
    """But for the nanosecond to which a double is rounded."""
    assert [(one.device_ns, one.values) for one in samples] == [(one.device_ns, one.values) for one in others]
    shift_ns = samples[0].t_ns - others[0].t_ns
    assert max(abs(one.t_ns - other.t_ns - shift_ns) for one, other in zip(samples, others)) <= 2
    assert max(abs(one.read_ns - other.read_ns) for one, other in zip(samples, others)) <= 2


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_what_is_decoded_again_is_what_was_read(tmp_path, hurried, kind):
    with emulated(kind, tmp_path, "--profile", "sine") as bench:
        spec = MeterSpec.parse(SPECS[kind].format(bench.port))
        before, samples = taped(spec, tmp_path / "bench.raw", SECONDS.get(kind, 0.6))
    assert samples
    after, again = played(tmp_path / "bench.raw")
    assert_same(again, samples)
    for name in ("channels", "columns", "total", "period_s", "device_clock", "buffered", "resynchronisations"):
        assert getattr(after, name) == getattr(before, name)
    assert after.simulated and after.replayed and after.identity()["recorded"]["kind"] == kind


def test_damage_on_the_line_is_on_the_tape_too(tmp_path, hurried):
    with emulated("smartpower3", tmp_path, "--fault", "garbage@0.5", "--fault", "partial@0.7") as bench:
        spec = MeterSpec.parse("smartpower3:port=" + bench.port)
        before, samples = taped(spec, tmp_path / "bench.raw", 1.0)
    after, again = played(tmp_path / "bench.raw")
    assert_same(again, samples)
    assert after.resynchronisations == before.resynchronisations == 2


def test_a_meter_that_was_connected_anew_is_so_again(tmp_path, hurried):
    with emulated("smartpower3", tmp_path) as bench:
        spec, tape = MeterSpec.parse("smartpower3:port=" + bench.port), Tape()
        meter, samples = spec.create(), []
        meter.tape = tape
        for _ in range(2):
            with meter:
                samples += read_for(meter, 0.3)
    writer = RawWriter(str(tmp_path / "bench.raw"), {"name": "x", "kind": "smartpower3", "options": spec.options}, True)
    writer.append(tape.take())
    writer.close()
    assert_same(played(tmp_path / "bench.raw")[1], samples)


def test_it_is_played_at_the_pace_of_the_recording(tmp_path):
    with emulated("smartpower3", tmp_path) as bench:
        taped(MeterSpec.parse("smartpower3:port=" + bench.port), tmp_path / "bench.raw", 1.5)
    with replay.Meter(str(tmp_path / "bench.raw")) as meter:
        samples = read_for(meter, 0.5)
    assert 40 <= len(samples) <= 120
    steps = [after.device_ns - before.device_ns for before, after in zip(samples, samples[1:])]
    assert set(steps) == {10**7}


HEAD = {
    "raw": 1,
    "meter": {"name": "x", "kind": "smartpower3", "options": {"port": "x"}},
    "clock": {},
    "simulated": True,
}


def file(tmp_path, head, pieces=b""):
    path = tmp_path / "x.raw"
    path.write_bytes(json.dumps(head).encode() + b"\n" + pieces)
    return str(path)


@pytest.mark.parametrize(
    "head, sentence",
    [
        (dict(HEAD, raw=2), "version 2 instead of 1"),
        (dict(HEAD, meter={"kind": "os", "options": {}}), "is of a 'os', which is no meter behind a line"),
        (dict(HEAD, meter={"kind": "replay", "options": {"path": "x"}}), "no meter behind a line"),
        (dict(HEAD, meter={"kind": "um", "options": {"exec": 1}}), "had the options {'exec': 1}"),
        (dict(HEAD, meter="um"), "does not begin as raw bytes of a meter do"),
        (HEAD, "has no whole connection to its meter"),
    ],
)
def test_files_that_are_no_recording_are_refused(tmp_path, head, sentence):
    tape = Tape()
    tape.put(CAME, b"x")
    path = file(tmp_path, head, tape.take())
    assert is_raw(path)
    with pytest.raises(MeterError) as error:
        replay.Meter(path).open()
    assert sentence in str(error.value)


def test_a_torn_tail_is_left_out_and_an_empty_one_is_a_sentence(tmp_path):
    tape = Tape()
    tape.put(CAME, b"whole"), tape.put(CAME, b"torn")
    path = file(tmp_path, HEAD, tape.take()[:-1])
    assert [piece.data for piece in read_raw(path)[1]] == [b"whole"]
    with pytest.raises(MeterError, match="has no bytes to replay"):
        replay.Meter(file(tmp_path, HEAD))


@given(st.binary(max_size=200))
def test_any_bytes_are_pieces_or_a_sentence(data):
    path = "/dev/shm/raw-{}".format(os.getpid())
    with open(path, "wb") as stream:
        stream.write(json.dumps(HEAD).encode() + b"\n" + data)
    try:
        for piece in read_raw(path)[1]:
            assert len(piece.data) <= len(data)
    except MeterError as error:
        assert "is damaged at byte" in str(error)
    finally:
        os.unlink(path)
