"""Each serial meter end to end: a minute of `harness measure` with the real driver, against what the emulator drew."""

import pytest

from meters.trace import Trace
from tests.harness.drawn import measured

SECONDS = 60
FINE_S, FINE_W, FINE = 0.5, 0.01, 0.005  # a meter with this period and resolution is held to half a percent
METERS = {  # kind, options, variant of the emulator
    "line": ("line", "", ""),
    "line json": ("line", ",format=json,columns=ms:ms+v:V+i:A,checksum=none", "json"),
    "line kv": ("line", ",format=kv,columns=V:V+A:A+W:W,checksum=none", "kv"),
    "powersensor3": ("powersensor3", "", ""),
    "pzem ac": ("pzem", "", ""),
    "pzem dc": ("pzem", ",variant=dc", ""),
    "scpi": ("scpi", "", ""),
    "scpi gwinstek": ("scpi", ",variant=gwinstek", "gwinstek"),
    "scpi hioki": ("scpi", ",variant=hioki", "hioki"),
    "smartpower3": ("smartpower3", "", ""),
    "tc66": ("tc66", "", ""),
    "um": ("um", "", ""),
    "wattsup": ("wattsup", "", ""),
}


def allowed(trace, drawn_J, seconds):
    """The deviation that is allowed: half a percent, or what a slow or coarse meter declares of itself."""
    (channel,) = [one for one in trace.channels if one.name in trace.total]
    if trace.period_s <= FINE_S and (channel.resolution_W or 0.0) <= FINE_W:
        return FINE
    return max(FINE, (channel.gain_error or 0.0) + (channel.offset_error_W or 0.0) * seconds / drawn_J)


@pytest.mark.soak
@pytest.mark.parametrize("profile", ["const:7.5", "sine", "steps"])
@pytest.mark.parametrize("meter", sorted(METERS))
def test_a_minute_is_charged_what_was_drawn(tmp_path, meter, profile):
    kind, options, variant = METERS[meter]
    emulation = ["--profile", profile] + (["--variant", variant] if variant else [])
    figures, drawn_J = measured(kind, options, tmp_path, SECONDS, *emulation)
    (found,) = figures["meters"]
    trace = Trace.open(tmp_path / "m" / "power" / "bench.1.arrow")
    deviation, limit = found["energy_J"] / drawn_J - 1, allowed(trace, drawn_J, SECONDS)
    print("{} | {} | {:.3f} J | {:.3f} J | {:+.4f} % | {:.2f} %".format(
        meter, profile, drawn_J, found["energy_J"], 100 * deviation, 100 * limit
    ))  # fmt: skip
    assert abs(deviation) <= limit
    assert found["executions"][0]["coverage"] == 1.0 and found["simulated"]
