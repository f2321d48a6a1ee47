"""The bundled studies are the paper's experiments, with its settings, in both forms."""

import pytest

from harness import plan as planning
from harness import rundir, shelf
from harness import study as studies
from harness.finder import Finder
from harness.profile import profile
from workloads import data

PUBLISHED = [name for name in studies.bundled() if name.startswith(("table", "fig"))]


def stages(name, role=None):
    return [stage for stage in planning.plan(studies.load(name)).stages if role in (None, stage.role)]


def test_every_table_and_figure_is_there():
    assert len(PUBLISHED) == 11


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_one_plans_in_both_forms(name, tmp_path):
    study = studies.formed(studies.load(name), "profile")
    plan, board = planning.plan(study), rundir.Machine(tmp_path, "board")
    held = shelf.Shelf((), board.tickets)
    profiled = profile(plan, Finder(plan, held, board), held)
    assert study.name == name + "-profile" and len(profiled.cells) == len(plan.cells)
    assert 0 < len(profiled.stages) < len(plan.stages) or name == "fig3"


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith("table2")])
def test_table_2_of_a_model_needs_one_search(name):
    searches = stages(name, "search")
    assert [search.precision for search in searches] == ["fp32", "block8"]
    assert len(searches[0].draws) == 6, "slimming and early birds at three ratios"
    assert searches[0].last_epoch == 160 and searches[0].sparsity == 1e-4


def test_figure_3_looks_at_the_search_of_table_2():
    (masks,) = [stage for stage in stages("fig3") if stage.model == "vgg16"]
    assert masks.without_draws() == stages("table2-vgg16-cifar100", "search")[0].without_draws()


def test_table_1_searches_on_two_schedules_and_retrains_on_one():
    searches = stages("table1", "search")
    assert {(s.lr, s.milestones) for s in searches} == {(0.01, (100,)), (0.1, (80, 120))} and len(searches) == 8
    assert {(s.lr, s.milestones, s.start, s.inherit) for s in stages("table1", "retrain")} == {
        (0.1, (80, 120), 0, True)
    }
    assert len(stages("table1", "retrain")) == 32


def test_stages_of_the_draws_of_table_1_and_4_keep_their_names():
    """So that what a board has run already is not run again: names from before a study could list draw epochs."""
    drawn = {
        name: planning.plan(studies.load(name), ("model=vgg16", "dataset=cifar100")) for name in ("table1", "table4")
    }
    rows = {name: [cell["label"] for cell in plan.as_json()["cells"]] for name, plan in drawn.items()}
    assert rows["table4"] == ["draw_10", "draw_20", "draw_40", "draw_160"]
    assert rows["table1"] == ["low_10", "low_20", "low_40", "low_160"] + rows["table4"]
    assert {name: [planning.stage_name(stage) for stage in plan.stages[:2]] for name, plan in drawn.items()} == {
        "table1": ["a573b1efab7d", "ab9680c7f9e9"],
        "table4": ["43d8bda2221f", "13c857bb02af"],
    }


def test_table_4_starts_at_a_larger_rate_in_search_and_retraining():
    rates = {(stage.model, stage.role, stage.lr) for stage in stages("table4")}
    assert rates == {("vgg16", r, 0.5) for r in ("search", "retrain")} | {
        ("preresnet101", r, 0.2) for r in ("search", "retrain")
    }


@pytest.mark.parametrize("model, ratios", [("resnet18", {0.1, 0.3}), ("resnet50", {0.3, 0.5, 0.7})])
def test_table_3_takes_ninety_epochs_of_imagenet(model, ratios):
    plan = planning.plan(studies.load("table3-" + model))
    schedules = {(stage.model, stage.dataset, stage.epochs, stage.milestones) for stage in plan.stages}
    assert schedules == {(model, "imagenet", 90, (30, 60))}
    assert {cell.ratio for cell in plan.cells if cell.method == "early_bird"} == ratios


def test_figure_1_draws_at_twelve_epochs():
    (search,) = {s for s in stages("fig1", "search") if (s.model, s.dataset, s.seed) == ("vgg16", "cifar10", 1)}
    assert sorted({draw.at for draw in search.draws}) == [1, 3, 5, 10, 20, 40, 60, 80, 100, 120, 140, 160]
    assert len(stages("fig1", "retrain")) == 12 * 3 * 4 * 3


def test_figure_2_searches_in_eight_bits_of_wage():
    assert {s.precision for s in stages("fig2", "search")} == {"wage8"}
    assert {s.precision for s in stages("fig2", "retrain")} == {"fp32"}


@pytest.mark.parametrize("name", ["digits", "synthetic"])
def test_what_a_data_set_asks_is_known_without_its_files(name):
    images = data.load(name)
    assert data.task(name) == (len(images.train_images), images.classes, images.input_shape)
