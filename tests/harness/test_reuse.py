"""A search that another study has finished is not run again by a study that asks for no more of it."""

import pytest

from harness import plan as planning
from harness import rundir
from harness import study as studies
from harness.plan import stage_name
from harness.reuse import reusing
from tests.harness.recording import write_rep
from tests.harness.timeline import Work, attempt

TABLE = """
models = ["vgg16"]
datasets = ["digits"]
ratios = [0.3, 0.5]
[training]
epochs = 4
milestones = [2]
[methods.slimming]
[methods.early_bird]
"""
MASKS = TABLE.replace("[methods.slimming]\n[methods.early_bird]\n", "[methods.search]\n")
EARLY = TABLE.replace("[methods.slimming]\n", "")
OTHER = TABLE.replace("[methods.slimming]\n[methods.early_bird]\n", "[methods.early_bird]\nepsilon = 0.2\n")


@pytest.fixture
def machine(tmp_path):
    return rundir.Machine(tmp_path, "board")


def plan_of(text):
    return planning.plan(studies.parse(text, "mine"))


def search_of(text):
    return next(stage for stage in plan_of(text).stages if stage.role == "search")


def ran(machine, training, complete=True):
    lines = attempt(Work("search", 0, 4, tuple((draw.key, 4) for draw in training.draws)))
    write_rep(machine.rep(stage_name(training), 1), [lines], full=training.full(), complete=complete)


@pytest.mark.parametrize("text", [MASKS, EARLY])
def test_a_finished_search_with_more_draws_serves(machine, text):
    ran(machine, search_of(TABLE))
    plan = reusing(plan_of(text), machine)
    assert (
        stage_name(search_of(TABLE))
        in [stage_name(stage) for stage in plan.stages]
        != [stage_name(stage) for stage in plan_of(text).stages]
    )
    charged = {
        item["stage"] for cell in plan.as_json()["cells"] for item in cell["charges"] if item["role"] == "search"
    }
    assert charged == {stage_name(search_of(TABLE))}


def test_one_that_draws_too_little_ends_too_early_or_is_not_over_does_not(machine):
    ran(machine, search_of(EARLY))
    ran(machine, search_of(TABLE), complete=False)
    for text in (TABLE, MASKS, OTHER):
        assert reusing(plan_of(text), machine) == plan_of(text)


def test_what_a_study_has_begun_itself_it_goes_on_with(machine):
    ran(machine, search_of(TABLE))
    ran(machine, search_of(MASKS), complete=False)
    assert reusing(plan_of(MASKS), machine) == plan_of(MASKS)


def test_repetitions_must_all_be_there(machine):
    ran(machine, search_of(TABLE))
    text = "repetitions = 2\n" + MASKS
    assert reusing(plan_of(text), machine) == plan_of(text)
