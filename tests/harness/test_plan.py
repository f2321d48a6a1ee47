"""Cells share stages: one search serves every row that asks for it, and its name does not depend on what is run."""

import pytest

from harness import plan as planning
from harness import study as studies
from harness.errors import UserError

STUDY = """
models = ["vgg16"]
datasets = ["digits"]
ratios = [0.3, 0.5]
seeds = [1, 2]
[training]
epochs = 4
milestones = [2]
[methods.dense]
[methods.slimming]
[methods.early_bird]
[methods.eb_reinit]
method = "early_bird"
inherit = false
"""


@pytest.fixture
def study():
    return studies.parse(STUDY, "mine")


def test_rows_span_methods_ratios_and_seeds(study):
    ids = [cell.id for cell in planning.plan(study).cells]
    assert len(ids) == len(set(ids)) == 2 * (1 + 2 + 2 + 2)
    assert "dense-vgg16-digits-seed1" in ids
    assert "eb_reinit-vgg16-digits-0.5-seed2" in ids


def test_one_search_serves_every_ratio_and_method(study):
    stages = planning.plan(study).stages
    assert len(stages) == 2 * (1 + 1 + 2 + 2 + 2)
    search = [stage for stage in stages if stage.role == "search"]
    assert [stage.seed for stage in search] == [1, 2]
    assert [draw.key for draw in search[0].draws] == ["consecutive-0.3", "consecutive-0.5", "end-0.3", "end-0.5"]


def test_sources_come_before_what_needs_them(study):
    plan = planning.plan(study)
    for position, stage in enumerate(plan.stages):
        assert all(plan.stages.index(source) < position for source in plan.sources_of(stage))


def test_only_leaves_rows_but_no_stage_is_renamed(study):
    whole = planning.plan(study)
    part = planning.plan(study, ("method=early_bird,ratio=0.5", "seed=1"))
    assert [cell.id for cell in part.cells] == [
        "early_bird-vgg16-digits-0.5-seed1",
        "eb_reinit-vgg16-digits-0.5-seed1",
    ]
    assert {planning.stage_name(stage) for stage in part.stages} < {planning.stage_name(s) for s in whole.stages}
    assert [stage.role for stage in part.stages] == ["search", "retrain", "retrain"]


def test_draw_epochs_in_a_list_are_the_rows_and_stages_of_a_table_each():
    table = '[methods.{}]\nmethod = "early_bird"\nrule = "epoch"\nat = {}\n'
    listed = planning.plan(studies.parse(STUDY + table.format("draw", "[1, 3]"), "mine"))
    spelt = planning.plan(studies.parse(STUDY + table.format("draw_1", 1) + table.format("draw_3", 3), "mine"))
    assert listed.as_json() == spelt.as_json() and listed.stages == spelt.stages
    assert "draw_3-vgg16-digits-0.5-seed2" in [cell.id for cell in listed.cells]


@pytest.mark.parametrize(
    "at, sentence",
    [
        ("[1, 0]", "at is 0: it must be a whole number, 1 or more"),
        ('["3"]', "at is '3': it must be a whole number"),
        ("[5]", "no ticket can be drawn at epoch 5: the training ends at 4"),
    ],
)
def test_a_wrong_draw_epoch_in_a_list_is_named(at, sentence):
    text = STUDY + f'[methods.draw]\nmethod = "early_bird"\nrule = "epoch"\nat = {at}\n'
    with pytest.raises(UserError, match=sentence):
        planning.plan(studies.parse(text, "mine"))


AUTO = (
    STUDY
    + """
[methods.auto]
method = "early_bird"
ratio = "auto"
grid = [0.3, 0.5]
"""
)


def test_a_row_that_chooses_its_ratio_has_none_and_comes_once_per_seed():
    plan = planning.plan(studies.parse(AUTO.replace("[training]", "[training]\nholdout = 0.1"), "mine"))
    rows = [cell for cell in plan.cells if cell.label == "auto"]
    assert [(cell.id, cell.ratio) for cell in rows] == [
        ("auto-vgg16-digits-seed1", None),
        ("auto-vgg16-digits-seed2", None),
    ]
    charges = plan.as_json()["cells"][plan.cells.index(rows[0])]["charges"]
    assert charges[0]["until"] == "consecutive-0.3 and consecutive-0.5" and len(charges) == 4
    trials, chosen = rows[0].charges[1:3], rows[0].charges[3]
    assert plan.sources_of(plan.stage_of(chosen)) == [plan.stage_of(trial) for trial in trials]


def test_digits_all_has_every_method_of_the_comparison_and_shares_what_is_equal():
    plan = planning.plan(studies.load("digits-all"))
    assert {cell.method for cell in plan.cells} == {
        "dense",
        "lottery",
        "snip",
        "slimming",
        "thinet",
        "sfp",
        "early_bird",
    }
    early = [cell.label for cell in plan.cells if cell.method == "early_bird"]
    assert early == ["early_bird", "eb_reinit", "eb_lf", "eb_ll", "eb_auto"]
    roles = [stage.role for stage in plan.stages]
    assert (roles.count("train"), roles.count("search"), len(roles)) == (3, 2, 17)


def test_only_early_bird_chooses_its_ratio():
    with pytest.raises(UserError, match="study mine: ratio is 'auto': it must be a number"):
        planning.plan(studies.parse(STUDY.replace("[methods.slimming]", '[methods.slimming]\nratio = "auto"'), "mine"))


def test_stage_names_are_golden(study):
    """A renamed stage orphans everybody's finished runs; change these only when what is trained has changed."""
    names = {planning.stage_name(stage) for stage in planning.plan(study).stages if stage.seed == 1}
    assert names == GOLDEN


@pytest.mark.parametrize(
    "rule, expected",
    [
        ("method=slimmming", "leaves no row"),
        ("mehtod=slimming", "did you mean 'method'"),
        ("slimming", "key=value"),
    ],
)
def test_only_mistakes(study, rule, expected):
    with pytest.raises(UserError, match=expected) as caught:
        planning.plan(study, (rule,))
    assert caught.value.code == 2


def test_unknown_method_and_option():
    with pytest.raises(UserError, match="did you mean 'slimming'"):
        planning.plan(studies.parse(STUDY.replace("methods.slimming", "methods.sliming"), "mine"))
    with pytest.raises(UserError, match="no option of method early_bird: 'inherits' - did you mean 'inherit'"):
        planning.plan(studies.parse(STUDY.replace("inherit =", "inherits ="), "mine"))


GOLDEN = {
    "64be2adb08c7",  # train
    "01bc58c69b28",  # search
    "5808ffb35ad6",  # finetune
    "106707019424",  # finetune
    "ac7e0752d23c",  # retrain
    "70f564600d10",  # retrain
    "f05f94f2742d",  # retrain
    "33f685c52ca7",  # retrain
}
