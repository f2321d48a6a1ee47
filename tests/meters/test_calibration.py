"""A calibration corrects on reading; one of another meter, or damaged, or of another time, is refused in a sentence."""

import hashlib
import json

import numpy as np
import pytest

from meters import calibration
from meters.base import Channel
from meters.errors import MeterError
from meters.replay import Meter as Replay
from meters.spec import MeterSpec
from meters.trace import Trace
from tests.meters.calibrations import content, copied, write
from tests.meters.traces import Toy, row
from tests.meters.traces import write as write_trace

ROWS = [row(100 * n, (6.0, 4.5, 3.0, 0.0)) for n in range(1, 40)]


def calibrated(device=None, **changes):
    meter = device or Toy()
    meter.calibration = calibration.of(copied(**changes))
    return meter


def test_readings_are_corrected_and_samples_stay_as_they_were(tmp_path):
    trace = Trace.open(write_trace(tmp_path / "t.arrow", ROWS, calibrated()))
    assert set(trace.column("a_power_W")) == {6.0} and set(trace.column("b_power_W")) == {4.5}
    assert trace.power_W() == pytest.approx((6.0 + 4.5 + 0.5) / 1.25)
    assert trace.energy_J(10**9, 2 * 10**9) == pytest.approx(8.8)


def test_each_part_of_the_whole_gets_its_share_and_a_rail_none(tmp_path):
    trace = Trace.open(write_trace(tmp_path / "t.arrow", ROWS, calibrated()))
    assert trace.watts("a") == pytest.approx((6.0 + 0.25) / 1.25) and trace.watts("b") == pytest.approx(4.75 / 1.25)
    assert set(trace.watts("rail")) == {3.0}


def test_the_corrected_readings_are_those_of_the_references_boundary(tmp_path):
    reference = dict(content()["reference"], boundaries=["ac_wall"])
    trace = Trace.open(write_trace(tmp_path / "t.arrow", ROWS, calibrated(reference=reference)))
    assert [channel.boundary for channel in trace.channels] == ["ac_wall", "ac_wall", "rail"]


def test_a_replay_stays_calibrated(tmp_path):
    meter = Replay(write_trace(tmp_path / "t.arrow", ROWS, calibrated()))
    assert meter.calibration.name == calibration.of(copied()).name


def test_the_name_says_file_signature_reference_and_digest(tmp_path):
    path = write(tmp_path / "bench.json")
    digest = hashlib.sha256((tmp_path / "bench.json").read_bytes()).hexdigest()[:12]
    name = "bench.json (signed by N. N. on 2026-01-02, against scpi analyser, residual 20 mW, sha256 {})".format(digest)
    assert calibration.load(path).name == name


def test_its_scatter_grows_away_from_the_middle():
    found = calibration.of(copied())
    assert found.sd_W(8.0) == pytest.approx(0.003 / 1.25) and found.sd_W(18.0) == pytest.approx(0.005 / 1.25)


def test_the_meter_that_the_user_asks_for_has_it(tmp_path):
    path = write(tmp_path / "c.json", meter=dict(content()["meter"], kind="smartpower3", total=["out1"]))
    meter = MeterSpec.parse("smartpower3:port=/dev/x,calibration=" + path).create()
    assert meter.calibration.gain == 1.25
    with pytest.raises(MeterError, match="is of a smartpower3, not of a ina3221"):
        MeterSpec.parse("ina3221:calibration=" + path)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"schema": 0}, "has schema 0, this harness applies schema 1: calibrate again"),
        ({"kind": "crosscheck"}, "is no calibration; harness meters calibrate makes one"),
        ({"gain": 0}, "is damaged"),
        ({"gain": float("nan")}, "is damaged"),
        ({"gain": "1.25"}, "is damaged"),
        ({"residual_W": -1.0}, "is damaged"),
        ({"signed_by": None}, "is damaged"),
        ({"reference": {}}, "is damaged"),
        ({"meter": {}}, "is damaged"),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path, change, sentence):
    with pytest.raises(MeterError, match=sentence):
        calibration.load(write(tmp_path / "c.json", **change))


@pytest.mark.parametrize("text", ["", "[]", "{", "\udcff", "[" * 100])
def test_any_file_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "c.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(MeterError, match="calibration"):
        calibration.load(str(tmp_path / "c.json"))
    with pytest.raises(MeterError, match="cannot be read: No such file"):
        calibration.load(str(tmp_path / "none.json"))


def test_a_trace_with_a_damaged_copy_is_refused(tmp_path):
    meter = calibrated()
    meter.calibration = meter.calibration._replace(content=dict(copied(), gain=None))
    with pytest.raises(MeterError, match="is damaged"):
        Trace.open(write_trace(tmp_path / "t.arrow", ROWS, meter))


class Known(Toy):
    def identity(self):
        return {"port": "/dev/ttyUSB1", "usb_serial": "A2"}


@pytest.mark.parametrize(
    "about, simulated, sentence",
    [
        ({"identity": {"usb_serial": "A1"}}, False, "of another meter: its usb_serial is 'A1', this one's 'A2'"),
        ({"total": ["a"]}, False, "is of a, this meter's whole input is a\\+b"),
        ({}, True, "was made with simulated power, and this meter's is real"),
    ],
)
def test_a_calibration_of_another_meter_is_refused(about, simulated, sentence):
    meter = calibrated(Known(), meter=dict(content()["meter"], **about), simulated=simulated)
    with pytest.raises(MeterError, match=sentence):
        calibration.check(meter)


def test_the_port_says_nothing_of_the_meter():
    about = dict(content()["meter"], identity={"port": "/dev/ttyUSB0", "usb_serial": "A2"})
    calibration.check(calibrated(Known(), meter=about))
    assert calibration.recognisable({"port": "x", "usb_serial": "", "model": "m"}) == {"model": "m"}
    assert json.dumps(calibration.of(copied()).content)
    assert Channel("a", "module") == calibration.of(copied()).declared([Channel("a", "module")], [])[0]
    assert calibration.of(copied()).corrected(np.array([7.0]), 1) == pytest.approx([6.0])
