"""Interrupted at any edge of any phase, every stage of every method ends as if it had not been."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.workloads.interrupted import Interrupted, Phases, same
from workloads import methods, models
from workloads.job import Job
from workloads.stage import execute
from workloads.store import MemoryStore

JOB = Job("toy", "synthetic", limit=10, epochs=2, milestones=(1,), batch_size=10, lr=0.05)
HELD_OUT = replace(JOB, limit=20, epochs=3, holdout=0.5)
AT_ONCE = {"window": 1, "epsilon": 1.0}
ASKED = [(name, {}) for name in methods.names()] + [
    ("early_bird", dict(AT_ONCE, inherit=False)),
    ("early_bird", dict(AT_ONCE, precision="ll", swa_start=0, align=8)),
    ("early_bird", dict(AT_ONCE, precision="ll", eight_bits="wage8")),
    ("early_bird", dict(AT_ONCE, precision="lf")),
    ("lottery", {"rounds": 2}),
    ("early_bird", dict(AT_ONCE, ratio="auto", grid=(0.3, 0.5), trial_epochs=1)),
]


def _stages():
    """Each distinct training once, serving all its draws, sources first; and for each the method that asked first."""
    stages, asked_by = {}, {}
    for name, options in ASKED:
        job = HELD_OUT if options.get("ratio") == "auto" else JOB
        for training, _, _ in methods.find(name).recipe(job, **options):
            key = training.without_draws()
            stages[key] = stages.get(key, key).with_draws(training.draws)
            asked_by.setdefault(key, name)
    return stages, [f"{name}-{key.role}" for key, name in asked_by.items()]


STAGES, NAMES = _stages()


@pytest.fixture(scope="module", autouse=True)
def toy():
    """A network among the models that is small enough to be trained hundreds of times."""
    folder = str(Path(__file__).parent / "models")
    models.__path__.append(folder)
    yield
    models.__path__.remove(folder)


@pytest.fixture(scope="module")
def stores():
    """What each stage stores when nothing interrupts it."""
    stores = {}
    for key, training in STAGES.items():
        stores[key] = MemoryStore()
        execute(training, store=stores[key], sources=stores)
    return stores


@pytest.mark.parametrize("key", STAGES, ids=NAMES)
def test_interrupted_at_any_edge_of_any_phase_it_ends_with_the_same_weights(key, stores):
    training, phases = STAGES[key], Phases()
    whole = execute(training, store=MemoryStore(), sources=stores, phase=phases)
    assert phases.edges[0] == "+load" and phases.edges[-1] == "-" + training.role
    for edge in range(len(phases.edges)):
        store = MemoryStore()
        with pytest.raises(Interrupted):
            execute(training, store=store, sources=stores, phase=Phases(edge))
        done, resumed = store.epochs_done, Phases()
        assert execute(training, store=store, sources=stores, phase=resumed) == whole
        start, stop = whole["epochs_run"]
        assert resumed.edges.count("+epoch") == stop - max(done, start)
        assert same(store, stores[key])
