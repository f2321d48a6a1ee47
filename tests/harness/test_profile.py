"""The profile form of a study: which windows are run, of what epochs rows are composed, which tickets they need."""

import numpy as np
import pytest

from harness import plan as planning
from harness import rundir, shelf, tickets
from harness import study as studies
from harness.errors import UserError
from harness.finder import Finder
from harness.profile import profile
from workloads import ticket_file
from workloads.job import Draw, Job
from workloads.profile import bare, digest
from workloads.records import plain
from workloads.ticket_file import Ticket

STUDY = """
models = ["vgg16"]
datasets = ["cifar10"]
ratios = [0.5]
[methods.dense]
[methods.lottery]
[methods.slimming]
[methods.thinet]
[methods.early_bird]
[methods.eb_reinit]
method = "early_bird"
inherit = false
[methods.eb_lf]
method = "early_bird"
precision = "lf"
"""


def ticket(folder, draw, epoch=20, seed=1, name="", mask=None, **provenance):
    """A ticket file that says that it was drawn from a search."""
    precision = provenance.pop("precision", "fp32")
    search = Job("vgg16", "cifar10", seed=seed).training("search", sparsity=1e-4, precision=precision)
    said = {"training": search.asked(), "draw": plain(draw, whole=True), "epoch": epoch, "fired": True, **provenance}
    mask = [np.arange(8) < epoch % 8] if mask is None else mask
    path = folder / (name or f"{draw.key}-{precision}-{seed}.npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(str(path), "wb") as file:
        ticket_file.write(file, Ticket(mask, (4,), said, {"w": np.ones(3)}))
    return path


def formed(tmp_path, text=STUDY, only=(), given=()):
    study = studies.formed(studies.parse(text, "mine"), "profile")
    plan, board = planning.plan(study, only), rundir.Machine(tmp_path, "board")
    held = shelf.Shelf(given, board.tickets)
    return profile(plan, Finder(plan, held, board), held)


def all_tickets(tmp_path):
    draws = [(Draw(0.5, rule="end"), 160, "fp32"), (Draw(0.5), 20, "fp32"), (Draw(0.5), 11, "block8")]
    return [ticket(tmp_path / "given", draw, epoch, precision=precision) for draw, epoch, precision in draws]


def test_rows_share_the_networks_that_iterate_alike(tmp_path):
    plan = formed(tmp_path, given=all_tickets(tmp_path))
    assert plan.study.name == "mine-profile" and plan.missing == ()
    assert len(plan.stages) == 8, "dense, masked, L1, NS ticket, ThiNet, EB ticket, L1 in 8 bits, ticket of that search"
    charged = {cell.cell.label: [share.epochs for share in cell.shares] for cell in plan.cells}
    assert charged == {
        "dense": [160],
        "lottery": [160, 160],
        "slimming": [160, 160],
        "thinet": [160, 160],
        "early_bird": [20, 140],
        "eb_reinit": [20, 160],
        "eb_lf": [11, 160],
    }
    cells = {cell["label"]: cell for cell in plan.as_json()["cells"]}
    early, reinit, low = (cells[name]["charges"] for name in ("early_bird", "eb_reinit", "eb_lf"))
    assert early[1]["stage"] == reinit[1]["stage"], "the same network, whatever its weights"
    assert low[0]["fp32_stage"] == early[0]["stage"] != low[0]["stage"] and low[1]["fp32_stage"] is None
    assert [item["epochs_from"] for item in early] == ["ticket", "ticket"]


def test_accuracy_is_quoted_with_its_source(tmp_path):
    given = [ticket(tmp_path / "given", Draw(0.5), accuracy_final=0.91)]
    (cell,) = formed(tmp_path, only=("label=early_bird",), given=given).cells
    assert (cell.accuracy, cell.accuracy_from) == (0.91, "ticket")
    (cell,) = formed(tmp_path, only=("label=lottery",)).cells
    assert (cell.accuracy, cell.accuracy_from) == (pytest.approx(0.9279, abs=0.01), "published")
    digits = STUDY.replace("cifar10", "digits")
    assert formed(tmp_path, digits, only=("label=dense",)).cells[0].accuracy_from == "none"


def test_a_missing_ticket_is_one_sentence_with_the_way_out(tmp_path):
    plan = formed(tmp_path, only=("label=early_bird",))
    assert len(plan.stages) == 1 and plan.as_json()["cells"][0]["charges"][1]["stage"] is None
    with pytest.raises(UserError) as caught:
        plan.check()
    said = str(caught.value)
    assert said.startswith("early_bird-vgg16-cifar10-0.5-seed1 needs the ticket consecutive-0.5 of vgg16 on cifar10")
    assert "harness ticket export" in said and "--ticket FILE" in said


def test_epochs_are_those_published_where_no_ticket_tells(tmp_path):
    shares = formed(tmp_path, only=("label=early_bird",)).cells[0].shares
    assert [(share.epochs, share.told_by) for share in shares] == [(20, "published"), (140, "published")]
    small = STUDY.replace("[methods.dense]", "[training]\nepochs = 16\nmilestones = [8]\n[methods.dense]").replace(
        "cifar10", "digits"
    )
    shares = formed(tmp_path, small, only=("label=early_bird",)).cells[0].shares
    assert [(share.epochs, share.told_by) for share in shares] == [(6, "assumed"), (10, "assumed")]


def test_tickets_of_the_machine_and_of_its_own_runs_are_found(tmp_path):
    board = rundir.Machine(tmp_path, "board")
    imported = ticket(board.tickets, Draw(0.5), epoch=13)
    assert formed(tmp_path, only=("label=early_bird",)).cells[0].shares[0].epochs == 13
    imported.unlink()
    plan = planning.plan(studies.parse(STUDY, "mine"))
    search = next(stage for stage in plan.stages if stage.role == "search" and stage.precision == "fp32")
    own = shelf.own_ticket(board.rep(planning.stage_name(search), 1), Draw(0.5))
    ticket(own.parent, Draw(0.5), epoch=17, name=own.name)
    assert formed(tmp_path, only=("label=early_bird",)).cells[0].shares[0].epochs == 17


def test_the_ticket_that_fits_best_is_taken_and_two_that_fit_equally_are_refused(tmp_path):
    folder = rundir.Machine(tmp_path, "board").tickets
    others = [ticket(folder, Draw(0.5), epoch=epoch, seed=seed) for epoch, seed in ((9, 2), (30, 1), (12, 3))]
    assert formed(tmp_path, only=("label=early_bird",)).cells[0].shares[0].epochs == 30
    others[1].unlink()
    with pytest.raises(UserError, match="several tickets fit equally well"):
        formed(tmp_path, only=("label=early_bird",))


def test_a_ticket_that_fits_no_row_or_is_none_is_refused(tmp_path):
    with pytest.raises(UserError, match="no row of study mine-profile needs the ticket") as caught:
        formed(tmp_path, given=[ticket(tmp_path, Draw(0.3))])
    assert ".npz, consecutive-0.3 of vgg16 on cifar10 (width 1, fp32, learning rate 0.1); " in str(caught.value)
    assert "early_bird-vgg16-cifar10-0.5-seed1 needs the ticket consecutive-0.5 of vgg16" in str(caught.value)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK")
    with pytest.raises(UserError, match="broken.npz.*export it again"):
        formed(tmp_path, given=[broken])


def test_a_stage_is_named_by_the_network_of_its_ticket(tmp_path):
    (path,) = all_tickets(tmp_path)[1:2]
    plan = formed(tmp_path, only=("label=early_bird",), given=[path])
    stage = plan.stages[1]
    assert plan.ticket_of(stage).path == path and stage.ticket == digest(bare(tickets.load(path)))
    other = ticket(tmp_path, Draw(0.5), mask=[np.arange(8) < 7])
    assert formed(tmp_path, only=("label=early_bird",), given=[other]).stages[1] != stage
