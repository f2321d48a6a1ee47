"""What the worker is told to wait for, with a meter of the run's own, with one at another machine, and with none."""

from types import SimpleNamespace

import pytest

from harness import rundir
from harness.session import Session, Settings

SLOW = {"period_s": 1.0, "channels": [{"tau_s": 0.43}]}


@pytest.mark.parametrize(
    "elsewhere, ready, idle_s, pulse_s, metered",
    [(False, [SLOW], 60.0, 3.0, True), (True, [], 20.0, 0.5, False), (False, [], 0.0, 0.0, False)],
)
def test_idle_and_pulses_are_there_for_whoever_measures(tmp_path, elsewhere, ready, idle_s, pulse_s, metered):
    settings = Settings((), 20.0, 2.0, 5.0, 1, None, elsewhere=elsewhere)
    training = SimpleNamespace(full=dict)
    task = Session(rundir.Rep(tmp_path), training, [], settings, None, 0)._task(ready)
    assert (task["idle_s"], task["pulse_s"], task["metered"]) == (idle_s, pulse_s, metered)
    assert bool(task["cooldown_s"]) is bool(task["detection_s"]) is (elsewhere or metered)
