"""Methods ask for the trainings that their papers describe, share what is equal, and run from the first to the last."""

import inspect

import pytest

from workloads import WorkloadError, methods
from workloads.job import Charge, Draw, Job
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("vgg16", "synthetic", width=0.03, limit=20, epochs=2, milestones=(1,), batch_size=10, lr=0.05)
PAPER = Job("vgg16", "cifar10")


def test_there_are_the_methods_of_the_first_comparison():
    assert {"dense", "early_bird", "slimming"} <= set(methods.names())


def test_an_unknown_method_is_named_with_the_others():
    with pytest.raises(WorkloadError, match="no method 'early_brid' .did you mean 'early_bird'"):
        methods.find("early_brid")


@pytest.mark.parametrize("name", methods.names())
def test_options_are_keywords_with_defaults_and_the_docstring_tells_what_they_do(name):
    module = methods.find(name)
    _, *options = inspect.signature(module.recipe).parameters.values()
    assert all(option.kind is option.KEYWORD_ONLY and option.default is not option.empty for option in options)
    assert module.__doc__ and module.recipe.__doc__
    for option in options:
        assert f"`{option.name}`" in module.recipe.__doc__, option.name


@pytest.mark.parametrize("name", methods.names())
def test_every_source_is_charged_before_what_starts_from_it(name):
    known = set()
    for charge in methods.find(name).recipe(PAPER):
        source = charge.training.source
        assert source is None or (source.training in known)
        known.add(charge.training.without_draws())


@pytest.mark.parametrize("name", methods.names())
def test_every_method_runs_to_its_end(name):
    stores, result = {}, {}
    for training, until in methods.find(name).recipe(JOB):
        stores[training.without_draws()] = MemoryStore()
        result = execute(training, store=stores[training.without_draws()], sources=stores)
        assert until is None or until.key in result["draws"]
    assert 0 <= result["accuracy_final"] <= 1


def _recipe(name, job=PAPER, **options):
    return methods.find(name).recipe(job, **options)


def test_dense_is_one_training_without_l1():
    (charge,) = _recipe("dense")
    assert charge == Charge(PAPER.training("train"))
    assert charge.training.sparsity == 0


def test_slimming_trains_to_the_end_under_l1_and_finetunes_as_long():
    search, finetune = _recipe("slimming", ratio=0.7)
    assert search.until == Draw(0.7, rule="end") and search.training.draws == (search.until,)
    assert (search.training.role, search.training.sparsity, search.training.last_epoch) == ("search", 1e-4, 160)
    assert finetune.training.source.draw == search.until and finetune.until is None
    assert (finetune.training.role, finetune.training.start, finetune.training.epochs) == ("finetune", 0, 160)
    assert finetune.training.inherit


def test_early_bird_retrains_from_the_epoch_of_the_draw_on_the_same_schedule():
    search, retrain = _recipe("early_bird", ratio=0.3, rule="window", window=4, epsilon=0.05, search_epochs=80)
    assert search.until == Draw(0.3, "window", 4, 0.05) == retrain.training.source.draw
    assert search.training.last_epoch == 80 and retrain.training.last_epoch == 160
    assert retrain.training.start is None and retrain.training.inherit
    assert (retrain.training.lr, retrain.training.milestones) == (0.1, (80, 120))
    assert search.training.sparsity == retrain.training.sparsity == 1e-4


def test_early_bird_reinitialised_takes_all_epochs_from_fresh_weights():
    _, retrain = _recipe("early_bird", inherit=False)
    assert retrain.training.start == 0 and not retrain.training.inherit


def test_one_search_serves_slimming_and_every_ratio_of_early_bird():
    rows = [_recipe("slimming", ratio=0.3), _recipe("early_bird", ratio=0.5), _recipe("early_bird", ratio=0.7)]
    assert len({row[0].training.without_draws() for row in rows}) == 1
