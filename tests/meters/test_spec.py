"""What a user writes after --meter: kinds, options and names, and a sentence for each mistake."""

import pytest

from meters.errors import MeterError
from meters.spec import MeterSpec, kinds, parse_all


def test_options_have_the_types_of_the_signature():
    spec = MeterSpec.parse("smartpower3:port=/dev/ttyUSB0,baud=230400,name=bench")
    assert spec == MeterSpec("smartpower3", {"port": "/dev/ttyUSB0", "baud": 230400}, "bench")


def test_the_name_is_the_kind_unless_it_is_given():
    assert MeterSpec.parse("ina3221").name == "ina3221"


def test_a_value_may_hold_a_colon_and_an_equals_sign():
    assert MeterSpec.parse("smartpower3:port=emulate:file:a=b").options == {"port": "emulate:file:a=b"}


def test_the_meter_has_the_options():
    meter = MeterSpec.parse("smartpower3:port=/dev/x,output=2").create()
    assert (meter.port, meter.total) == ("/dev/x", ("out2",))


@pytest.mark.parametrize(
    "stated, gain, offset",
    [("0.5%+2mW", 0.005, 0.002), ("1%", 0.01, 0.0), ("0.1W", 0.0, 0.1), ("50uW+.2%", 0.002, 50e-6)],
)
def test_every_meter_takes_the_accuracy_that_the_user_states(stated, gain, offset):
    meter = MeterSpec.parse("smartpower3:port=/dev/x,accuracy=" + stated).create()
    for channel in meter.channels:
        assert channel.gain_error == pytest.approx(gain) and channel.offset_error_W == pytest.approx(offset)
        assert channel.accuracy_source == "stated by the user"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("smartpower", r"no meter 'smartpower' \(did you mean smartpower3\?\); there are: ina3221, "),
        ("base", "no meter 'base'"),
        ("", "no meter ''"),
        ("smartpower3:prt=/dev/x", r"no option 'prt' \(did you mean port\?\); options of smartpower3: accuracy, "),
        ("smartpower3", "needs port=, as in smartpower3:port="),
        ("smartpower3:port=/dev/x,baud=fast", "baud='fast' is not a number"),
        ("smartpower3:port", "'port' is not key=value"),
        ("smartpower3:port=a,port=b", "port is given twice"),
        ("ina3221:accuracy=good", "as in accuracy=0.5%\\+2mW"),
        ("ina3221:accuracy=1%+2%", "is not understood"),
        ("ina3221:accuracy=-1%", "is not understood"),
        ("ina3221:name=a.b", "letters, digits, _ and - only"),
        ("ina3221:name=../x", "letters, digits, _ and - only"),
    ],
)
def test_mistakes_are_named_with_what_is_right(text, sentence):
    with pytest.raises(MeterError, match=sentence):
        MeterSpec.parse(text)


def test_two_meters_of_a_run_need_two_names():
    with pytest.raises(MeterError, match="two meters are named ina3221: give one of them a name, as in name=ina32212"):
        parse_all(["ina3221", "ina3221:rate=5"])
    assert [spec.name for spec in parse_all(["ina3221", "ina3221:name=slow"])] == ["ina3221", "slow"]


def test_the_directory_is_the_registry():
    assert {"ina3221", "replay", "smartpower3", "wattsup"} <= set(kinds())
    assert not {"base", "framed", "queried", "spec", "trace"} & set(kinds())
