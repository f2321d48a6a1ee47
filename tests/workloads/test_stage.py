"""A stage's phases come in order, its result is whole, and wherever it is interrupted it ends as if it had not been."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.workloads.interrupted import Interrupted, Phases, same
from workloads import WorkloadError, ticket_file
from workloads.job import Draw, Job, Source
from workloads.pruning import pruned
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("vgg16", "synthetic", width=0.03, limit=20, epochs=3, milestones=(2,), batch_size=10, lr=0.05)
EARLY, LATE = Draw(0.5, window=1, epsilon=1.0), Draw(0.4, rule="end")
SEARCH = JOB.training("search", sparsity=1e-3, draws=(EARLY, LATE))
RETRAIN = JOB.training("retrain", source=Source(SEARCH, EARLY), start=None)
REINIT = JOB.training("retrain", source=Source(SEARCH, EARLY), inherit=False)


@pytest.fixture(scope="module")
def source():
    """The store of the search whose tickets retraining starts from."""
    store = MemoryStore()
    execute(SEARCH, store=store, sources={})
    return store


def _run(training, source=None, store=None, **options):
    store = MemoryStore() if store is None else store
    sources = {} if source is None else {training.source.training: source}
    return execute(training, store=store, sources=sources, **options), store


def test_phases_of_a_search_come_in_order():
    phases = Phases()
    _run(SEARCH, phase=phases, window_s=0.01)
    epoch = ["+epoch", "+evaluate", "-evaluate", "-epoch", "+checkpoint", "-checkpoint"]
    detect = ["+detect", "-detect"]
    assert phases.edges == (
        ["+load", "-load", "+search"]
        + epoch[:1]
        + detect
        + epoch[1:]
        + epoch[:1]
        + detect
        + epoch[1:]
        + epoch[:1]
        + detect
        + epoch[1:]
        + ["-search", "+window", "-window"]
    )
    detects = [noted["draw"] for name, noted in phases.notes if name == "detect"]
    assert detects == [EARLY.key, EARLY.key, LATE.key]


def test_tickets_are_drawn_at_the_epochs_asked_for_and_the_training_ends_with_the_last():
    draws = (Draw(0.5, rule="epoch", at=1), Draw(0.5, rule="epoch", at=2))
    result, store = _run(JOB.training("search", sparsity=1e-3, draws=draws))
    assert {key: drawn["epoch"] for key, drawn in result["draws"].items()} == {"epoch1-0.5": 1, "epoch2-0.5": 2}
    assert result["epochs_run"] == [0, 2] and {f"tickets/{draw.key}.npz" for draw in draws} <= set(store.files)


def test_phases_of_a_retraining_begin_with_the_pruning(source):
    phases = Phases()
    _run(RETRAIN, source, phase=phases)
    epoch = ["+epoch", "+evaluate", "-evaluate", "-epoch", "+checkpoint", "-checkpoint"]
    assert phases.edges == ["+load", "-load", "+retrain", "+prune", "-prune"] + epoch + ["-retrain"]


def test_phases_carry_what_they_found(source):
    phases = Phases()
    result, _ = _run(RETRAIN, source, phase=phases)
    noted = dict(phases.notes)
    assert set(noted["epoch"]) == {"epoch", "loss", "train_accuracy", "lr"}
    assert noted["epoch"]["epoch"] == 2 and noted["epoch"]["lr"] == pytest.approx(0.005)
    assert noted["evaluate"] == {
        "accuracy": result["accuracy_final"],
        "accuracy_top5": result["accuracy_top5_final"],
    }


def test_the_result_is_json_and_says_what_ran():
    result, _ = _run(SEARCH, window_s=0.02)
    assert json.loads(json.dumps(result)) == result
    assert result["epochs_run"] == [0, 3] and result["images"] == 20 and result["batch_size"] == 10
    assert result["forward_flops"] == result["dense_flops"] and set(result["dense_flops"]) == {"paper", "mac2"}
    assert result["accuracy_best"] >= result["accuracy_final"] and result["best_epoch"] in (0, 1, 2)
    assert result["accuracy_final"] <= result["accuracy_top5_final"] <= 1 and result["classes"] == 10
    early, late = result["draws"][EARLY.key], result["draws"][LATE.key]
    assert (early["epoch"], early["fired"], len(early["distances"])) == (2, True, 1)
    assert (late["epoch"], late["fired"], late["distances"]) == (3, True, [])
    assert early["kept"] == result["gammas"] - int(0.5 * result["gammas"]) - 1
    assert early["repaired_layers"] == []


def test_detection_is_repeated_long_enough_to_be_metered():
    phases = Phases()
    result, _ = _run(SEARCH, phase=phases, window_s=0.05)
    detection, (_, window) = result["detection"], phases.notes[-1]
    assert window == {"of": "detect", "draw": EARLY.key, "repeats": detection["repeats"]}
    assert detection["seconds_each"] * detection["repeats"] >= 0.05
    count = result["gammas"]
    assert detection["flops_paper"] == round(3 * count * np.log2(count) + 2 * count)
    assert detection["memory_bytes_paper"] == 4 * count
    assert detection["memory_bytes"] == 2 * ((count + 7) // 8)


def test_without_a_window_nothing_is_repeated():
    detection = _run(SEARCH)[0]["detection"]
    assert detection["memory_bytes"] == 2 * ((_run(SEARCH)[0]["gammas"] + 7) // 8)
    assert detection["seconds_each"] is None and detection["repeats"] == 0


def test_a_retraining_inherits_weights_and_goes_on_at_the_draw(source):
    result, _ = _run(RETRAIN, source)
    assert result["epochs_run"] == [2, 3]
    assert result["forward_flops"]["paper"] < result["dense_flops"]["paper"]
    assert result["gammas"] == sum(result["widths"]) and result["draws"] == {} and "detection" not in result


def test_a_reinitialised_ticket_has_its_widths_other_weights_and_all_epochs(source):
    inherited, _ = _run(RETRAIN, source)
    again, _ = _run(REINIT, source)
    assert again["widths"] == inherited["widths"] and again["epochs_run"] == [0, 3]
    ticket = ticket_file.read(source.open(f"tickets/{EARLY.key}.npz"))
    one, other = (pruned(training, ticket, 10).state_dict() for training in (RETRAIN, REINIT))
    assert torch.equal(pruned(REINIT, ticket, 10).features[0].weight, other["features.0.weight"])
    assert not torch.equal(one["features.0.weight"], other["features.0.weight"])


def test_a_ticket_that_never_settles_is_drawn_at_the_last_search_epoch_and_says_so():
    never = Draw(0.5, epsilon=1e-9)
    result, store = _run(JOB.training("search", draws=(never,), search_epochs=2))
    assert result["epochs_run"] == [0, 2]
    assert result["draws"][never.key]["epoch"] == 2 and not result["draws"][never.key]["fired"]
    ticket = ticket_file.read(store.open(f"tickets/{never.key}.npz"))
    assert ticket.provenance["epoch"] == 2 and ticket.provenance["fired"] is False


def test_a_search_stops_when_all_is_drawn_unless_something_is_drawn_at_the_end():
    assert _run(JOB.training("search", draws=(EARLY,)))[0]["epochs_run"] == [0, 2]
    assert _run(SEARCH)[0]["epochs_run"] == [0, 3]


def test_a_ticket_drawn_at_the_last_epoch_is_pruned_and_only_evaluated():
    training = JOB.training("retrain", source=Source(SEARCH, LATE), start=None)
    _, store = _run(SEARCH)
    result, _ = _run(training, store)
    assert result["epochs_run"] == [3, 3] and result["best_epoch"] is None and result["loss_final"] is None
    assert 0 <= result["accuracy_final"] <= 1


def test_tickets_and_gammas_are_kept_without_pickle(source):
    ticket = ticket_file.read(source.open(f"tickets/{EARLY.key}.npz"))
    gammas = np.load(io.BytesIO(source.files["tickets/gammas.npz"]), allow_pickle=False)
    assert gammas["gammas"].shape == (3, gammas["sizes"].sum()) and gammas["gammas"].dtype == np.float32
    assert [len(kept) for kept in ticket.mask] == gammas["sizes"].tolist()
    drawn = np.concatenate([ticket.weights[name] for name in ticket.weights if _is_gamma(name, ticket.weights)])
    assert np.array_equal(drawn, gammas["gammas"][1])
    assert ticket.provenance["draw"]["ratio"] == 0.5 and ticket.provenance["training"]["role"] == "search"


def _is_gamma(name, weights):
    return name.endswith(".weight") and name.replace(".weight", ".running_mean") in weights


def test_a_ticket_not_drawn_yet_is_asked_for_in_a_sentence():
    with pytest.raises(WorkloadError, match="has not been drawn yet: run the training that draws it"):
        _run(RETRAIN, MemoryStore())


def test_a_ticket_of_another_network_is_refused(source):
    wider = JOB.training("retrain", width=0.1, source=Source(SEARCH, EARLY), start=None)
    with pytest.raises(WorkloadError, match="does not fit vgg16 with 10 classes and width 0.1"):
        _run(wider, source)


def test_a_ticket_without_weights_leaves_a_network_but_nothing_to_inherit(source):
    bare = replace(ticket_file.read(source.open(f"tickets/{EARLY.key}.npz")), weights={})
    assert pruned(REINIT, bare, 10).widths == list(bare.widths)
    with pytest.raises(WorkloadError, match="exported without weights"):
        pruned(RETRAIN, bare, 10)


@pytest.mark.parametrize("name", ["tickets", "commit"])
def test_interrupted_while_it_saves_it_ends_with_the_same_weights(name):
    class Failing(MemoryStore):
        def save(self, saved, write):
            if saved.startswith("tickets/") and name == "tickets" and not self.failed:
                self.failed = True
                raise Interrupted
            super().save(saved, write)

        def commit(self, epochs_done, write):
            super().commit(epochs_done, write)
            if name == "commit" and epochs_done == 2 and not self.failed:
                self.failed = True
                raise Interrupted

    store = Failing()
    store.failed = False
    with pytest.raises(Interrupted):
        _run(SEARCH, store=store)
    result, _ = _run(SEARCH, store=store)
    whole, kept = _run(SEARCH)
    assert result == whole and same(store, kept)


def test_a_training_that_diverges_keeps_its_last_good_checkpoint():
    store, edges = MemoryStore(), Phases()
    diverging = JOB.training("train", lr=0.05, milestones=(1,), decay=1e9)
    with pytest.raises(WorkloadError, match="step [12] of 2 in epoch [23] of 3: the training has diverged"):
        _run(diverging, store=store, phase=edges)
    held = torch.load(store.checkpoint())
    assert held["epochs_done"] == store.epochs_done >= 1
    assert all(torch.isfinite(values).all() for values in held["model"].values())
