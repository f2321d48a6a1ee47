"""Every serial meter at an emulator that misbehaves: no reading is wrong, and after the fault the right ones go on."""

import time

import pytest

from meters import framed, powersensor3, queried, wattsup
from meters.errors import MeterError
from meters.spec import MeterSpec
from tests.meters.bench import emulated, read_for

WATTS = 7.5
SPECS = {  # options of the driver, and of the emulator: faster than the real meter, to see more in less time
    "line": ("", []),
    "powersensor3": (",rate=100", []),
    "pzem": ("", ["--interval", "50", "--baud", "115200"]),
    "scpi": (",baud=115200", ["--interval", "50", "--baud", "115200"]),
    "smartpower3": ("", []),
    "tc66": ("", ["--interval", "50"]),
    "um": ("", ["--interval", "50", "--baud", "115200"]),
    "wattsup": ("", ["--interval", "50"]),
}
ASKED_EACH_S = 0.04
SATURATED = {"line", "powersensor3", "pzem", "scpi", "tc66", "um"}  # no value beyond the range; others: no reading
FAULTS = ["partial@{}", "garbage@{}", "checksum@{}", "overflow@{}", "model@{}+0.1"]
OPEN_S = 1.0  # by then a meter has been opened; one that first tells its settings takes longer


def powers(meter, samples):
    return [sample.values[meter.columns.index(meter.total[0] + "_power_W")] for sample in samples]


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_no_fault_makes_a_wrong_reading_and_none_outlasts_itself(tmp_path, kind, monkeypatch):
    options, emulation = SPECS[kind]
    begin_s = 3 * OPEN_S if kind == "powersensor3" else OPEN_S
    faults = [word for n, fault in enumerate(FAULTS) for word in ("--fault", fault.format(begin_s + 0.2 * n))]
    with emulated(kind, tmp_path, "--profile", "const:{}".format(WATTS), *emulation, *faults) as bench:
        meter = MeterSpec.parse("{}:port={}{}".format(kind, bench.port, options)).create()
        meter.timeout_s = 0.25  # an answer that breaks off takes so long
        with meter:
            if not meter.buffered:
                monkeypatch.setattr(type(meter), "wake_s", ASKED_EACH_S)
            found, last = powers(meter, read_for(meter, begin_s + 1.2)), []
            deadline = time.monotonic() + 5
            while len(last) < 2 and time.monotonic() < deadline:
                last += powers(meter, read_for(meter, 0.1))
    right = pytest.approx(WATTS, abs=0.06)
    assert len(found) >= 8 and last == [right] * len(last) and len(last) >= 2
    wrong = [power for power in found if power is None or power != right]
    assert wrong == [None] * len(wrong), "what is beyond a range is not known, and no number"
    assert not wrong or kind in SATURATED
    assert len(wrong) <= 2, "an overflow is one reading"
    assert meter.resynchronisations >= 2


@pytest.mark.parametrize(
    "kind, sentence",
    [
        ("line", "no valid frame came from .* another baud rate or another device"),
        ("powersensor3", "PowerSensor3"),
        ("pzem", "another device.*refuses the request with error code 2"),
        ("scpi", "answers 'Other,Model 1,0,1.0' to .IDN., which is no yokogawa analyser"),
        ("smartpower3", "no valid frame came from .* another baud rate or another device"),
        ("tc66", "another device.*TC66 reply of 130 bytes instead of 192"),
        ("um", "another device.*a reply that begins with 0101 is not one of a UM"),
        ("wattsup", "no valid frame came from .* another baud rate or another device"),
    ],
)
def test_another_device_at_the_port_is_told(tmp_path, monkeypatch, kind, sentence):
    for module, name in (
        (framed, "_FIRST_FRAME_S"), (queried, "_FIRST_REPLY_S"), (powersensor3, "REPLY_S"), (wattsup, "REPLY_S")
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 0.4)
    options, emulation = SPECS[kind]
    with emulated(kind, tmp_path, *emulation, "--fault", "model@0+60") as bench:
        with pytest.raises(MeterError, match=sentence):
            MeterSpec.parse("{}:port={}{}".format(kind, bench.port, options)).create().open()
