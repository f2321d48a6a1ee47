"""An emulated meter that errs as it was told to, while its log tells the truth; and profiles that meters share."""

import time

import pytest

from meters.emulators.mistaken import Mistake, MistakenTruth, delayed
from meters.emulators.truth import Truth
from meters.smartpower3 import Meter
from tests.meters.bench import emulated, read_for

MS = 10**6


def test_what_is_shown_errs_and_the_truth_does_not():
    truth = MistakenTruth(lambda t_s: 2.0 + t_s, 50.0, 0, 0, Mistake(1.5, -0.25, 0.5))
    for t_ms in range(0, 1000, 100):
        truth.advance(t_ms * MS)
    moment = truth.sample(1000 * MS)
    shown = truth.shown(moment)
    assert (moment.watts, moment.joules) == (pytest.approx(3.0), pytest.approx(2.5))
    assert shown.watts == pytest.approx(1.5 * 2.5 - 0.25)
    # For half a second the delayed power is what it was at the beginning, 2 W; then it rises by as much as in 0.5 s.
    assert shown.mean_watts == pytest.approx(1.5 * (2.0 * 0.5 + 2.25 * 0.5) - 0.25)
    assert shown.device_ms == moment.device_ms == 1000


def test_a_meter_without_mistakes_shows_the_truth():
    truth = Truth(lambda t_s: 7.0, 50.0, 0)
    moment = truth.sample(100 * MS)
    assert truth.shown(moment) is moment


def test_a_delay_shorter_than_the_step_lies_between_the_last_two():
    late = delayed(lambda t_s: t_s, 0.03)
    assert [round(late(t_ms / 1000), 3) for t_ms in (0, 100, 200)] == [0.0, 0.07, 0.17]


def test_the_options_of_the_command(tmp_path):
    """Two meters share a profile by the time at which it began, and one of them errs."""
    begun = str(time.monotonic() - 3.2)
    (tmp_path / "right").mkdir()
    (tmp_path / "wrong").mkdir()
    options = ["--profile", "steps", "--since", begun]
    with emulated("smartpower3", tmp_path / "right", *options) as right:
        with emulated("smartpower3", tmp_path / "wrong", *options, "--gain", "1.1", "--offset", "0.5") as wrong:
            with Meter(right.port) as one, Meter(wrong.port) as other:
                true_W = read_for(one, 0.3)[-1].values[3]
                shown_W = read_for(other, 0.3)[-1].values[3]
    assert true_W == 12.0 and shown_W == pytest.approx(1.1 * 12.0 + 0.5, abs=1e-3)
    assert {line["watts"] for line in wrong.log()} <= {12.0, 5.0}
