"""Methods ask for the trainings that their papers describe, share what is equal, and run from the first to the last."""

import inspect

import numpy as np
import pytest

from workloads import WorkloadError, methods
from workloads.job import Charge, Draw, Job
from workloads.pruning import fresh, saved_ticket
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("vgg16", "synthetic", width=0.03, limit=20, epochs=2, milestones=(1,), batch_size=10, lr=0.05)
PAPER = Job("vgg16", "cifar10")


def test_there_are_the_methods_that_are_compared():
    assert {"dense", "early_bird", "lottery", "sfp", "slimming", "snip", "thinet"} <= set(methods.names())


def test_an_unknown_method_is_named_with_the_others():
    with pytest.raises(WorkloadError, match="no method 'early_brid' .did you mean early_bird"):
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
    for training, until, _ in methods.find(name).recipe(JOB):
        stores[training.without_draws()] = MemoryStore()
        result = execute(training, store=stores[training.without_draws()], sources=stores)
        assert until is None or until.key in result["draws"]
    assert 0 <= result["accuracy_final"] <= 1


def _recipe(name, job=PAPER, **options):
    return methods.find(name).recipe(job, **options)


def test_a_ticket_can_be_drawn_at_any_epoch_and_trained_as_long_as_a_whole_network():
    search, retrain = _recipe("early_bird", rule="epoch", at=20, continues=False)
    assert search.until == Draw(0.5, rule="epoch", at=20)
    assert (retrain.training.start, retrain.training.last_epoch, retrain.training.inherit) == (0, 160, True)


def test_a_search_can_have_a_schedule_of_its_own():
    search, retrain = _recipe("early_bird", search_lr=0.01, search_milestones=(100,))
    assert (search.training.lr, search.training.milestones) == (0.01, (100,))
    assert (retrain.training.lr, retrain.training.milestones) == (0.1, (80, 120))


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


@pytest.mark.parametrize("precision, searching, retraining", [("lf", "block8", "fp32"), ("ll", "block8", "block8")])
def test_low_precision_retrains_for_all_epochs_from_the_ticket_s_weights(precision, searching, retraining):
    search, retrain = _recipe("early_bird", precision=precision)
    assert (search.training.precision, retrain.training.precision) == (searching, retraining)
    assert retrain.training.start == 0 and retrain.training.inherit


def test_eight_bits_may_be_wage_s_and_only_they_are_averaged():
    search, retrain = _recipe("early_bird", precision="ll", eight_bits="wage8", swa_start=140)
    assert search.training.precision == retrain.training.precision == "wage8"
    assert (search.training.swa_start, retrain.training.swa_start) == (None, 140)
    assert _recipe("early_bird", precision="lf", swa_start=140)[1].training.swa_start is None


def test_a_search_may_keep_one_learning_rate_while_the_retraining_follows_the_schedule():
    search, retrain = _recipe("early_bird", search_lr=0.01)
    assert (search.training.lr, search.training.milestones) == (0.01, ())
    assert (retrain.training.lr, retrain.training.milestones) == (0.1, (80, 120))


def test_an_unknown_precision_is_named_with_the_others():
    with pytest.raises(WorkloadError, match="no precision 'int8'; there are: fp32, lf, ll"):
        _recipe("early_bird", precision="int8")


@pytest.mark.parametrize("name", ["early_bird", "slimming", "thinet", "sfp"])
def test_what_is_left_of_a_network_can_be_aligned(name):
    assert [charge.training.align for charge in _recipe(name, align=8)] == [1, 8]


def test_a_lottery_ticket_is_drawn_from_dense_training_and_trained_as_long():
    (dense,), (train, retrain) = _recipe("dense"), _recipe("lottery", ratio=0.7)
    assert train.training.without_draws() == dense.training
    assert train.until == Draw(0.7, rule="end", by="magnitude") == retrain.training.source.draw
    assert (retrain.training.start, retrain.training.last_epoch, retrain.training.role) == (0, 160, "retrain")


def test_rounds_prune_the_same_share_of_what_is_left_each_time():
    *rounds, last = _recipe("lottery", ratio=0.875, rounds=3)
    assert [charge.until.ratio for charge in rounds] == pytest.approx([0.5, 0.75, 0.875])
    assert [charge.training.role for charge in rounds] == ["train", "retrain", "retrain"]
    assert last.training.source.training == rounds[-1].training.without_draws()


def test_what_a_round_has_pruned_stays_pruned_and_the_rest_is_rewound():
    stores, tickets = {}, []
    for charge in _recipe("lottery", JOB, ratio=0.75, rounds=2):
        store = stores.setdefault(charge.training.without_draws(), MemoryStore())
        execute(charge.training, store=store, sources=stores)
        if charge.until:
            tickets.append(saved_ticket(charge.until, store))
    initial = fresh(JOB.training("train"), 10).state_dict()
    (first, second), total = tickets, 0
    for name, kept in second.connections.items():
        assert (kept <= first.connections[name]).all()
        assert np.array_equal(second.weights[name], np.where(kept, initial[name].numpy(), 0))
        total += kept.size
    for ticket, ratio in zip(tickets, (0.5, 0.75)):
        share = sum(kept.sum() for kept in ticket.connections.values()) / total
        assert share == pytest.approx(1 - ratio, abs=2 / total)


def test_snip_scores_the_initial_weights_and_trains_once():
    (charge,) = _recipe("snip", ratio=0.3)
    assert charge.training.score == Draw(0.3, rule="end", by="sensitivity") and charge.until is None
    assert _recipe("snip", scoring="xavier")[0].training.score.variant == "xavier"


def test_thinet_cuts_a_densely_trained_network_and_finetunes_as_long():
    (dense,), (train, finetune) = _recipe("dense"), _recipe("thinet", ratio=0.3, selection="add")
    assert train.training.without_draws() == dense.training
    assert train.until == Draw(0.3, rule="end", by="reconstruction", variant="add")
    assert (finetune.training.role, finetune.training.start, finetune.training.last_epoch) == ("finetune", 0, 160)


@pytest.mark.parametrize(
    "name, option, sentence",
    [
        ("thinet", {"selection": "ad"}, "no selection 'ad'; there are: discard, add"),
        ("snip", {"scoring": "he"}, "no scoring 'he'; there are: '' .the initial weights. and 'xavier'"),
        ("lottery", {"rounds": 0}, "rounds is 0: without a round nothing is pruned"),
    ],
)
def test_an_unfit_option_is_refused_before_anything_is_trained(name, option, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        _recipe(name, **option)


def test_sfp_softens_its_own_training_and_finetunes_what_is_left():
    train, finetune = _recipe("sfp", ratio=0.3)
    assert train.training.soft == 0.3 and train.until == Draw(0.3, rule="end", by="filters")
    assert finetune.training.soft == 0 and finetune.training.source.draw == train.until


FORWARD_G = 0.63


@pytest.mark.parametrize("name, total", [("dense", 302.4), ("snip", 302.4), ("lottery", 604.8)])
def test_unpruned_and_unstructured_rows_cost_the_published_total(name, total):
    """In units of 0.05 P, of VGG16 on CIFAR-10: 3 x epochs x forward G, because nothing is cheaper under a mask."""
    epochs = sum(charge.training.last_epoch - charge.training.start for charge in _recipe(name))
    assert 3 * epochs * FORWARD_G == pytest.approx(total)


def test_one_search_serves_slimming_and_every_ratio_of_early_bird():
    rows = [_recipe("slimming", ratio=0.3), _recipe("early_bird", ratio=0.5), _recipe("early_bird", ratio=0.7)]
    assert len({row[0].training.without_draws() for row in rows}) == 1
