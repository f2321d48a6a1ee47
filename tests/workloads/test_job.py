"""What is asked of a training is compared, hashed and stored: equal questions are equal, bad ones are refused."""

import json

import pytest

from workloads import WorkloadError
from workloads.job import Draw, Job, Source, Training

JOB = Job("vgg16", "digits", epochs=16, milestones=(8, 12))
EARLY, LATE = Draw(0.5), Draw(0.5, rule="end")
SEARCH = JOB.training("search", sparsity=1e-4, draws=(EARLY,))
RETRAIN = JOB.training("retrain", source=Source(SEARCH, EARLY), start=None)


@pytest.mark.parametrize("training", [SEARCH, RETRAIN, JOB.training("train")])
@pytest.mark.parametrize("form", [Training.asked, Training.full])
def test_json_gives_the_same_training_back(training, form):
    assert Training.from_dict(json.loads(json.dumps(form(training)))) == training


def test_what_is_asked_leaves_out_defaults_so_that_new_fields_keep_old_names():
    assert Job("vgg16", "digits").training("train").asked() == {"role": "train", "model": "vgg16", "dataset": "digits"}
    assert SEARCH.asked()["draws"] == [{"ratio": 0.5}]


def test_numbers_are_those_of_the_field_so_that_equal_trainings_have_one_name():
    whole = json.dumps(JOB.training("train", lr=1, milestones=[8, 12]).asked())
    assert whole == json.dumps(JOB.training("train", lr=1.0).asked())


def test_a_source_is_the_same_whatever_else_is_drawn_from_it():
    assert Source(SEARCH.with_draws([LATE]), EARLY) == Source(SEARCH, EARLY)


def test_draws_are_shared_in_one_order_and_once():
    assert JOB.training("search", draws=(LATE, EARLY)).with_draws([EARLY]).draws == (EARLY, LATE)


def test_keys_of_draws_tell_them_apart_in_file_names():
    assert EARLY.key == "consecutive-0.5"
    assert Draw(0.3, "window", window=4, epsilon=0.05).key == "window-0.3-w4-e0.05"


def test_a_draw_at_an_epoch_is_named_by_it():
    assert Draw(0.5, rule="epoch", at=20).key == "epoch20-0.5"
    assert Training.from_dict(JOB.training("search", draws=(Draw(0.5, rule="epoch", at=16),)).asked()).draws[0].at == 16


@pytest.mark.parametrize("search_epochs, last", [(None, 16), (8, 8), (99, 16)])
def test_a_search_ends_with_the_training_at_the_latest(search_epochs, last):
    assert JOB.training("search", search_epochs=search_epochs).last_epoch == last


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: Draw(1.0), r"ratio 1.0 is outside \(0, 1\)"),
        (lambda: Draw(0.0), r"ratio 0.0 is outside \(0, 1\)"),
        (lambda: Draw("half"), "ratio is 'half': it must be a number"),
        (lambda: Draw(0.5, rule="soon"), "no rule 'soon'; there are: consecutive, window, end, epoch"),
        (lambda: Draw(0.5, rule="epoch"), "rule 'epoch' with at = None: the rule 'epoch' needs at = N"),
        (lambda: Draw(0.5, at=3), "rule 'consecutive' with at = 3"),
        (
            lambda: JOB.training("search", draws=(Draw(0.5, rule="epoch", at=17),)),
            "no ticket can be drawn at epoch 17: the training ends at 16",
        ),
        (lambda: Draw(0.5, rule="window", window=1), "window is 1: it must be a whole number, 2 or more"),
        (lambda: Draw(0.5, epsilon=0), "epsilon is 0.0: it must be more than 0"),
        (lambda: JOB.training("walk"), "no role 'walk'; there are: train, search, retrain, finetune"),
        (lambda: JOB.training("train", epochs=0), "epochs is 0: it must be a whole number, 1 or more"),
        (lambda: JOB.training("train", limit=2.5), "limit is 2.5: it must be a whole number"),
        (lambda: JOB.training("train", seed=-1), "seed is -1: it must be a whole number, 0 or more"),
        (lambda: JOB.training("train", lr=float("nan")), "lr is nan: it must be more than 0"),
        (lambda: JOB.training("train", momentum=-0.9), "momentum is -0.9: it must be 0 or more"),
        (lambda: JOB.training("train", augment=1), "augment is 1: it must be true or false"),
        (lambda: JOB.training("train", start=None), "no source whose draw could set it"),
        (lambda: JOB.training("train", start=16), "start 16 is outside the 16 epochs"),
        (lambda: JOB.training("search", draws=(EARLY, EARLY)), "the same draw is asked for twice: consecutive-0.5"),
        (
            lambda: Training.from_dict({"role": "train", "modle": "vgg16"}),
            "no field 'modle' in Training; there are: role",
        ),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        make()
