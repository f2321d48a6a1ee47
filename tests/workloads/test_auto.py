"""A ratio is chosen by what it costs and loses, on the row's own account, and trained as if it had been named."""

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError
from workloads.choosing import Candidate, best, holds
from workloads.job import Choice, Job, Training
from workloads.methods.early_bird import recipe
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("vgg16", "synthetic", width=0.03, limit=40, epochs=5, milestones=(4,), batch_size=10, lr=0.05, holdout=0.25)
OPTIONS = {"window": 1, "epsilon": 1.0, "grid": (0.5, 0.3), "trial_epochs": 2}


def _run(charges):
    stores, results = {}, []
    for training in dict.fromkeys(charge.training for charge in charges):
        stores[training.without_draws()] = MemoryStore()
        results.append(execute(training, store=stores[training.without_draws()], sources=stores))
    return results, stores


@pytest.fixture(scope="module")
def row():
    return recipe(JOB, ratio="auto", max_drop=1.0, **OPTIONS)


@pytest.fixture(scope="module")
def ran(row):
    return _run(row)


def _model(store):
    return torch.load(store.checkpoint())["model"]


def test_the_row_pays_for_the_search_of_all_tickets_and_every_trial(row):
    search, low, high, chosen = row
    assert search.key == "consecutive-0.3-w1-e1 and consecutive-0.5-w1-e1" and len(search.training.draws) == 2
    assert [charge.training.trial_epochs for charge in row] == [None, 2, 2, None]
    assert [charge.training.source.draw.ratio for charge in (low, high)] == [0.3, 0.5]
    assert chosen.training.sources == (low.training, high.training)
    assert chosen.training.role == low.training.role == "retrain"


def test_the_search_and_the_trials_are_shared_with_whoever_asks_for_the_same(row):
    named, stricter = recipe(JOB, ratio=0.5, window=1, epsilon=1.0), recipe(JOB, ratio="auto", max_drop=0.1, **OPTIONS)
    assert named[0].training.without_draws() == row[0].training.without_draws()
    assert [charge.training for charge in stricter[:3]] == [charge.training for charge in row[:3]]
    assert stricter[3].training != row[3].training


def test_the_chosen_training_ends_with_the_weights_of_the_ratio_named(row, ran):
    results, stores = ran
    assert results[-1]["choice"]["ratio"] == 0.5, "everything holds, and the larger ratio is cheaper"
    named = recipe(JOB, ratio=0.5, window=1, epsilon=1.0)
    _, others = _run(named)
    one, other = _model(stores[row[-1].training]), _model(others[named[-1].training])
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_its_epochs_are_those_after_the_trials(ran):
    search, low, high, chosen = ran[0]
    assert search["epochs_run"] == [0, 2]
    assert low["epochs_run"] == high["epochs_run"] == [2, 4] and chosen["epochs_run"] == [4, 5]


def test_the_result_says_what_there_was_to_choose_from(ran):
    choice = ran[0][-1]["choice"]
    assert json.loads(json.dumps(choice)) == choice
    assert (choice["holds"], choice["max_drop"]) == (True, 1.0)
    low, high = choice["candidates"]
    assert (low["ratio"], high["ratio"], low["epoch"]) == (0.3, 0.5, 2)
    assert low["validation_before"] == high["validation_before"] and low["cost_FLOPs"] > high["cost_FLOPs"] > 0


def test_joules_decide_where_they_are_given(row, ran):
    results, stores = ran
    joules = recipe(JOB, ratio="auto", max_drop=1.0, joules_per_epoch=[[0.3, 5], [0.5, 9]], **OPTIONS)
    choice = execute(joules[-1].training, store=MemoryStore(), sources=stores)["choice"]
    assert choice["ratio"] == 0.3 and [row["cost_J"] for row in choice["candidates"]] == [5, 9]


def test_trials_that_have_no_epoch_left_are_judged_as_they_are():
    job = replace(JOB, epochs=2, milestones=())
    results, _ = _run(recipe(job, ratio="auto", max_drop=1.0, **OPTIONS))
    assert [result["epochs_run"] for result in results] == [[0, 2], [2, 2], [2, 2], [2, 2]]


def test_without_its_trials_it_asks_for_them(row):
    with pytest.raises(WorkloadError, match="a trial of the ratios to choose from has not been run yet"):
        execute(row[-1].training, store=MemoryStore(), sources=dict.fromkeys(row[-1].training.sources, MemoryStore()))


def test_a_choice_comes_back_from_json(row):
    for charge in row:
        for values in (charge.training.asked(), charge.training.full()):
            assert Training.from_dict(json.loads(json.dumps(values))) == charge.training


@pytest.mark.parametrize(
    "job, options, sentence",
    [
        (replace(JOB, holdout=0.0), {}, "no images are held out for it: set holdout"),
        (JOB, {"inherit": False}, "choose it with inherit = true"),
        (JOB, {"grid": (0.5,)}, "nothing to choose"),
        (JOB, {"joules_per_epoch": [[0.3, 5]]}, "not for .0.5."),
        (JOB, {"joules_per_epoch": ["a"]}, "lists .a.: each is a pair"),
        (JOB, {"max_drop": -0.1}, "max_drop is -0.1"),
        (JOB, {"trial_epochs": 0}, "trial_epochs is 0"),
    ],
)
def test_what_cannot_be_chosen_is_said_before_anything_runs(job, options, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        recipe(job, **dict(OPTIONS, ratio="auto", **options))


shares = st.integers(0, 20).map(lambda twentieths: twentieths / 20)
candidates = st.lists(
    st.builds(Candidate, shares, st.integers(1, 9), shares, shares, st.integers(0, 5).map(float)),
    min_size=1,
    max_size=6,
)


@given(candidates, shares)
def test_the_cheapest_that_holds_is_taken_and_else_the_one_that_loses_least(found, max_drop):
    chosen = found[best(found, max_drop)]
    allowed = [candidate for candidate in found if holds(candidate, max_drop)]
    if allowed:
        assert chosen in allowed and chosen.cost == min(candidate.cost for candidate in allowed)
        assert all(c.ratio <= chosen.ratio for c in allowed if c.cost == chosen.cost)
    else:
        assert chosen.drop == min(candidate.drop for candidate in found)


def test_a_drop_of_exactly_the_most_allowed_holds():
    assert holds(Candidate(0.5, 1, 0.98, 0.97, 1.0), 0.01)
    assert not holds(Candidate(0.5, 1, 0.98, 0.9699, 1.0), 0.01)


def test_choices_of_equal_trials_are_equal(row):
    choice = row[-1].training.choice
    assert Choice(list(choice.trials), 1, ()) == choice and hash(choice) == hash(Choice(choice.trials, 1.0))
