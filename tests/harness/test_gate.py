"""The temperature gate before a stage, and the order in which repetitions run."""

import pytest

from harness import plan as planning
from harness import runner
from harness import study as studies
from harness.board.gate import Gate, wait
from tests.meters.imitated import extract

STUDY = """
models = ["vgg16"]
datasets = ["synthetic"]
repetitions = 2
[training]
epochs = 2
[methods.dense]
[methods.early_bird]
search_epochs = 2
"""


class Cooling:
    """An imitated TX2 whose GPU cools by `rate` degrees C at each look."""

    def __init__(self, folder, degrees, rate):
        self.root, self.degrees, self.rate, self.slept, self.told, self.warned = (
            extract("TX2-R32-idle", folder),
            degrees,
            rate,
            [],
            [],
            [],
        )
        self.write()

    def write(self):
        zone = self.root / "sys/devices/virtual/thermal/thermal_zone2/temp"
        zone.write_text(str(int(1000 * self.degrees)))

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.degrees -= self.rate
        self.write()

    def wait(self, *gate):
        return wait(Gate(*gate), self.told.append, self.warned.append, self.root, self.sleep)


def test_a_stage_waits_until_the_hottest_zone_is_below_the_gate(tmp_path):
    board = Cooling(tmp_path, 61.0, 4.0)
    happened = board.wait(50.0, 900.0)
    assert happened == {"below_C": 50, "start_C": 49, "zone": "GPU-therm", "waited_s": 15, "timed_out": False}
    assert board.told[0] == "cooling down: GPU-therm 61.0 degrees C" and not board.warned


def test_after_the_time_out_it_starts_all_the_same_and_says_so(tmp_path):
    board = Cooling(tmp_path, 61.0, 0.0)
    happened = board.wait(50.0, 12.0)
    assert happened["timed_out"] and happened["waited_s"] == 12 == sum(board.slept)
    assert "GPU-therm is at 61 degrees C after 12 s of waiting" in board.warned[0]


def test_without_a_gate_nothing_waits_and_nothing_is_read(tmp_path):
    board = Cooling(tmp_path, 99.0, 0.0)
    assert board.wait() == {} and not board.slept


def test_a_machine_without_zones_says_so_and_does_not_wait(tmp_path):
    warned = []
    happened = wait(Gate(50), warned.append, warned.append, tmp_path, lambda seconds: pytest.fail("waits"))
    assert happened == {"below_C": 50, "zone": None} and "tells no temperature" in warned[0]


def test_repetitions_are_interleaved_over_the_stages():
    plan = planning.plan(studies.parse(STUDY, "mine"))
    order = [(stage.role, repetition) for repetition, stage in runner.order(plan)]
    assert order == [(role, rep) for rep in (1, 2) for role in ("train", "search", "retrain")]
