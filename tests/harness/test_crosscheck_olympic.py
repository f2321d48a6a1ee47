"""Acceptance as in the rule: three levels, five windows of a minute, the best and the worst of each dropped."""

import pytest

from harness.crosscheck.olympic import Pair, acceptance, levels, score


def windows(meter_W, seconds=60.0, count=5, loads=("idle", "half", "full")):
    watts = {"idle": 4.0, "half": 9.0, "full": 15.0}
    return [Pair(load, seconds, watts[load], meter_W(watts[load])) for _ in range(count) for load in loads]


def judged(pairs, gain=1.0, offset_W=0.0, elsewhere=False):
    return acceptance(levels(pairs, gain, offset_W), pairs[0].seconds, elsewhere)


def test_the_best_and_the_worst_do_not_count():
    assert score([0.0, 100.0, 2.0, 3.0, 4.0]) == 3.0
    assert score([1.0, 2.0]) == 1.5


def test_a_meter_is_as_good_as_its_worst_level():
    found = judged(windows(lambda watts: watts + 0.1))
    assert found.accepted and found.deviation == pytest.approx(0.1 / 4)


def test_an_outlier_in_one_window_is_forgiven():
    pairs = windows(lambda watts: watts)
    pairs[0] = pairs[0]._replace(meter_W=40.0)
    assert judged(pairs).deviation == 0


def test_correction_takes_gain_and_offset_out():
    found = judged(windows(lambda watts: 0.5 * watts + 0.2), 0.5, 0.2)
    assert found.deviation == pytest.approx(-0.5 + 0.2 / 15, abs=0.01) and abs(found.corrected) < 1e-12


@pytest.mark.parametrize(
    "pairs, elsewhere, reason",
    [
        (windows(lambda watts: 1.06 * watts), False, "deviates by \\+6.00 %, more than 5 %"),
        (windows(lambda watts: watts, seconds=10.0), False, "wants 5 windows of 60 s, and there were 5 of 10 s"),
        (windows(lambda watts: watts, count=4), False, "there were 4 of 60 s"),
        (windows(lambda watts: watts, loads=("idle", "full")), False, "there were 2 levels"),
        (windows(lambda watts: watts), True, "different boundaries"),
    ],
)
def test_why_a_meter_is_not_accepted(pairs, elsewhere, reason):
    import re

    assert re.search(reason, judged(pairs, elsewhere=elsewhere).reason)
