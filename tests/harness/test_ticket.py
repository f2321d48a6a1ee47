"""A ticket leaves a run as one file, tells what it is, and is taken in elsewhere only where it fits its network."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from harness import machine, rundir, tickets
from harness.commands.ticket import command
from harness.errors import UserError
from harness.plan import stage_name
from harness.shelf import Shelf
from workloads import ticket_file
from workloads.job import Draw, Job

pytest.importorskip("torch")

JOB = Job("vgg16", "synthetic", width=0.03, limit=20, epochs=2, milestones=(1,), batch_size=10)
EARLY, LATE = Draw(0.5, window=1, epsilon=1.0), Draw(0.3, rule="end")
SEARCH = JOB.training("search", draws=(EARLY, LATE))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A run directory in which one search has drawn two tickets, for two rows of one study."""
    from workloads.stage import execute
    from workloads.store import MemoryStore

    store = MemoryStore()
    execute(SEARCH, store=store, sources={})
    board = rundir.Machine(tmp_path_factory.mktemp("runs"), machine.name())
    rep = board.rep(stage_name(SEARCH), 1)
    rundir.write(rep.manifest, lambda file: file.write(b"{}"))
    for name in store.files:
        if name.startswith("tickets/"):
            rundir.write(rep.named(name), lambda file, name=name: file.write(store.files[name]))
    cells = {"schema": 1, "study": "mine", "repetitions": 1, "cells": [_cell("early", EARLY), _cell("late", LATE)]}
    rundir.write(board.study("mine").cells, lambda file: file.write(json.dumps(cells).encode()))
    return board


def _cell(label, draw):
    charge = {"role": "search", "stage": stage_name(SEARCH), "until": draw.key}
    shared = {"model": "vgg16", "dataset": "synthetic", "seed": 0, "options": {}, "ratio": draw.ratio}
    return dict(shared, id=label, method="early_bird", label=label, charges=[charge])


def _run(*arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def exported(out, tmp_path):
    path = tmp_path / "ticket.npz"
    assert _run("export", out.study("mine").folder, "--row", "early", "--out", path).strip() == str(path)
    return path


def test_a_row_s_ticket_is_copied_out_to_the_byte(out, exported):
    assert exported.read_bytes() == out.rep(stage_name(SEARCH), 1).tickets()[EARLY.key].read_bytes()


def test_a_stage_s_ticket_is_named_by_its_draw(out, tmp_path):
    path = tmp_path / "late.npz"
    _run("export", out.rep(stage_name(SEARCH), 1).folder, "--draw", LATE.key, "--out", path)
    assert json.loads(_run("show", path, "--json"))["draw"]["rule"] == "end"


def test_show_tells_what_it_is(exported):
    facts = json.loads(_run("show", exported, "--json"))
    assert (facts["training"]["model"], facts["training"]["dataset"], facts["draw"]["ratio"]) == (
        "vgg16",
        "synthetic",
        0.5,
    )
    assert (facts["epoch"], facts["fired"], facts["weights"]) == (2, True, True)
    assert sum(kept for kept, _ in facts["layers"]) == facts["kept"] < facts["channels"]
    text = _run("show", exported)
    assert "vgg16 on synthetic, width 0.03, seed 0" in text and "after 2 epochs (rule consecutive" in text
    assert f"keeps {facts['kept']} of {facts['channels']} channels" in text and facts["digest"] in text


def test_without_weights_it_is_small_and_taken_in_all_the_same(out, exported, tmp_path):
    bare = tmp_path / "bare.npz"
    _run("export", out.study("mine").folder, "--row", "early", "--without-weights", "--out", bare)
    assert bare.stat().st_size < exported.stat().st_size / 2
    assert "without weights" in _run("show", bare)
    _run("import", bare, "--out", tmp_path)


def test_an_imported_ticket_is_found_by_where_it_comes_from(exported, tmp_path):
    place = rundir.Machine(tmp_path, machine.name())
    assert not place.tickets.exists() and Shelf((), place.tickets).find(SEARCH, EARLY) is None
    path = _run("import", exported, "--out", tmp_path).strip()
    (stored,) = place.tickets.iterdir()
    assert str(stored) == path == str(place.ticket(rundir.digest(stored)[: tickets.DIGITS]))
    shelf = Shelf((), place.tickets)
    assert shelf.find(SEARCH, EARLY).path == stored
    assert shelf.find(SEARCH, LATE) is None
    assert _run("import", exported, "--out", tmp_path).strip() == path, "the same ticket is kept once"


def _changed(exported, **changes):
    with exported.open("rb") as file:
        ticket = ticket_file.read(file)
    for name, change in changes.items():
        ticket = replace(ticket, **{name: change(getattr(ticket, name))})
    with exported.open("wb") as file:
        ticket_file.write(file, ticket)


def _training(**changes):
    return lambda provenance: dict(provenance, training=dict(provenance["training"], **changes))


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"provenance": _training(width=0.05)}, "does not fit vgg16"),
        ({"provenance": _training(width=1e9)}, "times as wide as ours"),
        ({"provenance": _training(model="alexnet")}, "no model 'alexnet'"),
        ({"provenance": _training(modle="vgg16")}, "no field 'modle'"),
        ({"provenance": lambda told: {}}, "does not say which training"),
        ({"provenance": lambda told: dict(told, epoch="2")}, "does not say which training"),
        ({"provenance": lambda told: dict(told, draw={"ratio": 7})}, "outside .0, 1."),
        ({"mask": lambda mask: mask[:-1]}, "does not fit vgg16"),
        ({"widths": lambda widths: [1] * len(widths)}, "widths .* are not those of its mask"),
        ({"weights": lambda weights: dict(list(weights.items())[2:])}, "weights do not fit .* missing"),
        ({"weights": lambda w: dict(w, **{"features.0.weight": w["features.0.weight"] * np.nan})}, "had diverged"),
        ({"connections": lambda none: {"features.0.weight": np.ones((2, 2), dtype=bool)}}, "connections do not fit"),
    ],
)
def test_a_ticket_that_does_not_fit_is_refused_in_a_sentence(exported, tmp_path, changes, sentence):
    _changed(exported, **changes)
    with pytest.raises(UserError, match="ticket.npz: .*" + sentence):
        _run("import", exported, "--out", tmp_path)
    assert not (tmp_path / machine.name()).exists()


@pytest.mark.parametrize("verb", ["show", "import"])
@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"\x93NUMPY", "truncated"])
def test_a_foreign_or_truncated_file_is_refused(exported, tmp_path, verb, content):
    whole = exported.read_bytes()
    exported.write_bytes(whole[: len(whole) // 2] if content == "truncated" else content)
    with pytest.raises(UserError, match="ticket.npz: this is no ticket, or it is damaged"):
        _run(verb, exported, *(["--out", tmp_path] if verb == "import" else []))


def test_what_is_meant_must_be_said_where_there_are_several(out, tmp_path):
    study, rep = out.study("mine").folder, out.rep(stage_name(SEARCH), 1).folder
    path = tmp_path / "ticket.npz"
    for arguments, sentence in [
        ((study,), "several rows in study mine; choose with --row: early, late"),
        ((study, "--row", "erly"), "did you mean 'early'"),
        ((study, "--row", "early", "--repetition", 2), "has not drawn its ticket yet in repetition 2"),
        ((rep,), "several tickets .*; choose with --draw: consecutive-0.5"),
        ((rep, "--row", "early"), "is no study's folder"),
        ((tmp_path,), "no ticket was drawn below"),
    ]:
        with pytest.raises(UserError, match=sentence):
            _run("export", *arguments, "--out", path)
    path.write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        _run("export", study, "--row", "early", "--out", path)
    assert path.read_text() == "mine"
