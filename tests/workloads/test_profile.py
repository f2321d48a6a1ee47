"""A profile runs windows of what a training does in its steady state; trainings that do the same share one."""

import io
from types import SimpleNamespace

import numpy as np
import pytest

from tests.workloads.interrupted import Interrupted, Phases
from workloads import WorkloadError, methods, ticket_file, windows
from workloads.job import Draw, Job, Source
from workloads.profile import GIVEN, digest, steady
from workloads.stage import execute
from workloads.store import MemoryStore
from workloads.ticket_file import Ticket

JOB = Job("vgg16", "synthetic", width=0.03, limit=40, epochs=3, milestones=(2,), batch_size=10, lr=0.05)


def profiles(name, job=JOB, **options):
    return [steady(charge.training, 3) for charge in methods.find(name).recipe(job, **options)]


def test_epochs_schedule_seed_and_draws_do_not_make_another_profile():
    other = Job("vgg16", "synthetic", seed=7, width=0.03, limit=40, epochs=160, batch_size=10, lr=0.1)
    assert profiles("slimming", ratio=0.3)[0] == profiles("early_bird", other, ratio=0.7, sparsity=1e-2)[0]
    assert profiles("dense")[0] == profiles("thinet")[0] == profiles("sfp")[0] == profiles("lottery")[0]


def test_network_batch_arithmetic_and_l1_do():
    different = [
        profiles("dense")[0],
        profiles("dense", sparsity=1e-4)[0],
        profiles("dense", Job("vgg16", "synthetic", width=0.03, limit=40, batch_size=20))[0],
        profiles("early_bird", precision="ll")[0],
        profiles("thinet", ratio=0.5)[1],
        profiles("thinet", ratio=0.3)[1],
        profiles("lottery", ratio=0.5)[1],
        profiles("snip", ratio=0.5)[0],
    ]
    assert len(set(different)) == len(different)


def test_tickets_are_told_apart_by_their_network_and_not_by_weights_or_provenance():
    masks = [np.array([True, False]), np.ones(9, bool)]
    one = Ticket(masks, provenance={"epoch": 3}, weights={"w": np.ones(3)})
    assert digest(one) == digest(Ticket(masks)) != digest(Ticket([np.array([True, True]), np.ones(9, bool)]))
    assert digest(Ticket(masks)) != digest(Ticket(masks, connections={"w": np.ones(3, bool)}))
    early, late = (steady(JOB.training("retrain"), 3, digest=digest(Ticket([masks[0]] * n))) for n in (1, 2))
    assert early != late


def _run(training, store=None, **options):
    store = MemoryStore() if store is None else store
    return execute(training, store=store, sources={}, **options), store


def test_windows_come_after_a_warm_up_each_saved_and_at_least_thirty_iterations():
    phases = Phases()
    result, _ = _run(profiles("dense")[0], phase=phases)
    assert phases.edges == ["+load", "-load", "+train"] + ["+window", "-window", "+checkpoint", "-checkpoint"] * 3 + [
        "-train"
    ]
    windows = [noted for name, noted in phases.notes if name == "window"]
    assert [noted["epoch"] for noted in windows] == [0, 1, 2]
    assert {(noted["iterations"], noted["images"]) for noted in windows} == {(32, 320)}, "8 whole epochs of 4 batches"
    assert result["images"] == 40 and result["forward_flops"]["paper"] == result["dense_flops"]["paper"] > 0


def test_a_window_within_an_epoch_has_full_batches_only():
    job = Job("vgg16", "synthetic", width=0.03, limit=315, batch_size=10)
    phases = Phases()
    _run(profiles("dense", job)[0], phase=phases)
    assert {(note["iterations"], note["images"]) for name, note in phases.notes if name == "window"} == {(30, 300)}


def test_windows_last_as_long_as_the_meter_needs(monkeypatch):
    ticks = iter(range(10**6))
    monkeypatch.setattr(windows, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    phases = Phases()
    _run(profiles("dense")[0], phase=phases, window_s=6)
    assert {note["iterations"] for name, note in phases.notes if name == "window"} == {68}, "66 at 10 a second"


def test_a_profile_that_was_cut_goes_on_with_the_window_that_was_cut():
    training, store, phases = profiles("dense")[0], MemoryStore(), Phases()
    with pytest.raises(Interrupted):
        _run(training, store, phase=Phases(edge=8))  # the end of the second window
    _run(training, store, phase=phases)
    assert [noted["epoch"] for name, noted in phases.notes if name == "window"] == [1, 2]


@pytest.mark.parametrize("name, index", [("snip", 0), ("lottery", 1), ("thinet", 1), ("sfp", 1)])
def test_networks_that_depend_on_the_ratio_alone_are_drawn_from_initial_weights(name, index):
    result, _ = _run(profiles(name)[index])
    pruned = result["connections_kept"] < 0.6 or result["forward_flops"]["paper"] < result["dense_flops"]["paper"]
    assert pruned and (result["connections_kept"] < 1) == (name in ("snip", "lottery"))


def test_the_network_of_a_ticket_is_that_of_its_mask_without_its_weights():
    search = JOB.training("search", sparsity=1e-3, draws=(Draw(0.5, window=1, epsilon=1.0),))
    source = MemoryStore()
    execute(search, store=source, sources={})
    drawn = source.files[f"tickets/{search.draws[0].key}.npz"]
    ticket = ticket_file.read(io.BytesIO(drawn))
    bare, store = Ticket(ticket.mask), MemoryStore()
    store.save(GIVEN, lambda file: ticket_file.write(file, bare))
    training = steady(JOB.training("retrain", source=Source(search, search.draws[0])), 1, digest(ticket))
    assert _run(training, store)[0]["widths"] == list(ticket.widths)
    with pytest.raises(WorkloadError, match="the ticket in the store is .* the profile is of 0000"):
        _run(steady(JOB.training("retrain"), 1, "0000"), store)
    with pytest.raises(WorkloadError, match="give its file to the run"):
        _run(training)


def test_what_detection_costs_is_measured_with_the_search():
    assert "detection" in _run(profiles("early_bird")[0])[0] and "detection" not in _run(profiles("dense")[0])[0]
