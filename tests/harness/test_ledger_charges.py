"""What rows are charged, against sums written out by hand: watts x milliseconds of `timeline`."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import rundir
from harness.errors import UserError
from harness.ledger import StageRun, StudyRuns, charge
from harness.ledger.charges import flops
from harness.ledger.detection import detection
from harness.ledger.flops import TABLE_UNIT, detection_flops, training_flops
from tests.harness.recording import DENSE, EARLY, SEARCH, SLIM, WORKS, cells, write_rep
from tests.harness.retold import retell
from tests.harness.timeline import DURATION_MS, MS, WATTS, attempt, killed, saved

CLOSE = 1e-6
NET_IDLE_W = WATTS["idle"]


def ms(phase):
    return DURATION_MS[phase] / 1000


def role_s(epochs, tail=True):
    """Own time of a role phase: once before the first epoch, once after each, and once more at the end."""
    return ms("around") * (1 + epochs + 1 if tail else epochs)


def write_study(folder, stages=None, **options):
    machine = rundir.Machine(folder / "runs", "board-abc123")
    for stage, work in WORKS.items():
        attempts = (stages or {}).get(stage, [attempt(work)])
        write_rep(machine.rep(stage, 1), attempts, **options)
    study = machine.study("imitated")
    rundir.write(study.cells, lambda file: file.write(json.dumps(cells()).encode()))
    return study.folder


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return StudyRuns.open(write_study(tmp_path_factory.mktemp("study")))


def row(study, method):
    return next(row for row in study.rows() if row.cell["method"] == method)


def test_dense_is_charged_its_training(study):
    energy = row(study, "dense").energy
    expected = WATTS["epoch"] * 4 * ms("epoch") + WATTS["train"] * role_s(4)
    assert energy.headline_J == pytest.approx(expected, rel=CLOSE)
    assert energy.seconds == pytest.approx(4 * ms("epoch") + role_s(4))
    assert [part.phase for part in energy.parts] == ["train", "evaluate", "checkpoint"]
    assert (energy.shared, energy.resumed, energy.fired, energy.reasons) == (False, False, None, ())


def test_early_bird_is_charged_the_search_up_to_its_draw_and_one_detector(study):
    energy = row(study, "early_bird").energy
    search = WATTS["epoch"] * 2 * ms("epoch") + WATTS["search"] * role_s(2, tail=False)
    retrain = WATTS["epoch"] * 2 * ms("epoch") + WATTS["retrain"] * role_s(2)
    expected = {
        "search": search,
        "detect": WATTS["detect"] * 2 * ms("detect"),
        "prune": WATTS["prune"] * ms("prune"),
        "retrain": retrain,
        "evaluate": WATTS["evaluate"] * 4 * ms("evaluate"),
        "checkpoint": WATTS["checkpoint"] * 4 * ms("checkpoint"),
    }
    assert {part.phase: part.joules for part in energy.parts} == pytest.approx(expected, rel=CLOSE)
    headline = sum(expected[phase] for phase in ("search", "detect", "prune", "retrain"))
    assert energy.headline_J == pytest.approx(headline, rel=CLOSE)
    assert energy.shared and energy.fired and energy.simulated
    assert row(study, "early_bird").epochs_searched == 2


def test_slimming_is_charged_the_whole_search_and_its_own_draw(study):
    energy = row(study, "slimming").energy
    search = WATTS["epoch"] * 4 * ms("epoch") + WATTS["search"] * role_s(4, tail=False)
    finetune = WATTS["epoch"] * 4 * ms("epoch") + WATTS["finetune"] * role_s(4)
    detect, prune = WATTS["detect"] * ms("detect"), WATTS["prune"] * ms("prune")
    assert energy.headline_J == pytest.approx(search + detect + prune + finetune, rel=CLOSE)
    assert energy.fired is None and row(study, "slimming").epochs_searched == 4


def test_net_is_the_headline_without_idle_power(study):
    for method in ("dense", "slimming", "early_bird"):
        energy = row(study, method).energy
        assert energy.net_J == pytest.approx(energy.headline_J - NET_IDLE_W * energy.seconds, rel=CLOSE)


def test_a_row_knows_its_accuracy_and_flops(study):
    found = row(study, "early_bird")
    assert (found.accuracy_final, found.accuracy_best) == (0.9, 0.95)
    assert found.flops == 3 * 1000 * (2 * 1000000 + 2 * 400000)
    assert row(study, "slimming").flops == 3 * 1000 * (4 * 1000000 + 4 * 400000)
    assert row(study, "dense").flops == 3 * 1000 * 4 * 1000000


def test_top_5_is_read_where_it_was_kept_and_must_be_a_share(tmp_path, study):
    assert row(study, "dense").accuracy_top5 is None
    folder = write_study(tmp_path)
    retell(tmp_path, accuracy_top5_final=0.975, classes=100)
    found = row(StudyRuns.open(folder), "dense")
    assert (found.accuracy_top5, found.classes) == (0.975, 100)
    retell(tmp_path, accuracy_top5_final=97.5)
    with pytest.raises(UserError, match="accuracy_top5_final is not what it must be"):
        StudyRuns.open(folder).rows()


def test_detection_has_its_own_overhead(study):
    found = row(study, "early_bird").detection
    assert (found.gammas, found.detections) == (16, 2)
    assert found.joules == pytest.approx(WATTS["window"] * ms("window") / 100, rel=CLOSE)
    assert found.joules_share_of_epoch == pytest.approx(found.joules / (WATTS["epoch"] * ms("epoch")), rel=CLOSE)
    assert found.joules_share_of_search == pytest.approx(found.joules_share_of_epoch, rel=CLOSE)
    assert found.flops == 3 * 16 * 4 + 2 * 16
    assert found.flops_share_of_forward == found.flops / 1000000
    assert found.flops_share_of_search == 2 * found.flops / (3 * 1000 * 2 * 1000000)
    assert found.memory_share == 10 / 400000 and found.published_memory_share == 64 / 400000
    assert row(study, "dense").detection is None and row(study, "slimming").detection is None


def test_flops_are_those_of_the_published_tables():
    """SNIP on VGG16 is 160 dense epochs: 302.4 in the tables' unit; the mask of 4224 gammas costs 161,075 FLOPs."""
    vgg16 = {"images": 50000, "forward_flops": {"paper": 627355658}}
    assert training_flops(vgg16, 160, rounded=True) / TABLE_UNIT == pytest.approx(302.4)
    assert training_flops(vgg16, 160) == 3 * 50000 * 160 * 627355658
    assert round(detection_flops(4224)) == 161075


KILLABLE = {stage: len(attempt(work)) for stage, work in WORKS.items()}


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("count", range(1, KILLABLE[SEARCH]))
def test_a_resumed_run_costs_what_an_uninterrupted_one_costs(tmp_path, study, count, renamed):
    """The search dies at each place of its event order; the power of both attempts is the same."""
    first = killed(attempt(WORKS[SEARCH]), count)
    second = attempt(WORKS[SEARCH], 2, saved(first, renamed))
    rep = write_rep(rundir.Machine(tmp_path, "board").rep(SEARCH, 1), [first, second], tail_ms=30)
    runs = {stage: study.run(stage, 1) for stage in (SLIM, EARLY, DENSE)}
    runs[SEARCH] = StageRun.open(rep.folder)
    for method in ("slimming", "early_bird"):
        whole = row(study, method)
        resumed = charge(whole.cell, runs)
        assert resumed.reasons == ()
        assert resumed.headline_J == pytest.approx(whole.energy.headline_J, rel=0.004), "up to 4 x 10 ms around epochs"
        assert resumed.seconds == pytest.approx(whole.energy.seconds, rel=0.004)
        parts = {part.phase: part.joules for part in resumed.parts}
        for part in whole.energy.parts:
            if part.phase not in ("search", "checkpoint"):
                assert parts[part.phase] == pytest.approx(part.joules, rel=CLOSE)
        assert resumed.resumed == (len(first) > 1)
        assert resumed.lost_J is not None


def test_lost_work_is_counted_apart(tmp_path, study):
    lines = attempt(WORKS[SEARCH])
    third = next(i for i, line in enumerate(lines) if line.get("epoch") == 2 and line["event"] == "begin")
    first = killed(lines, third + 1)
    rep = write_rep(
        rundir.Machine(tmp_path, "board").rep(SEARCH, 1), [first, attempt(WORKS[SEARCH], 2, 2)], tail_ms=900
    )
    runs = {stage: study.run(stage, 1) for stage in (SLIM, EARLY, DENSE)}
    runs[SEARCH] = StageRun.open(rep.folder)
    energy = charge(row(study, "slimming").cell, runs)
    around = WATTS["search"] * ms("around")
    assert energy.lost_J == pytest.approx(WATTS["epoch"] * 0.9 + 2 * around, rel=CLOSE)
    assert energy.headline_J == pytest.approx(row(study, "slimming").energy.headline_J - around, rel=CLOSE)


def test_attempts_at_different_power_are_stitched_epoch_by_epoch(tmp_path, study):
    """Epochs 0 and 1 at the first attempt's power, 2 and 3 at twice that."""
    lines = attempt(WORKS[DENSE])
    third = next(i for i, line in enumerate(lines) if line.get("epoch") == 2 and line["event"] == "begin")
    rep = rundir.Machine(tmp_path, "board").rep(DENSE, 1)
    write_rep(rep, [killed(lines, third + 1), attempt(WORKS[DENSE], 2, 2)], complete=False)
    from tests.harness.recording import step_samples, write_trace

    double = {phase: 2 * watts for phase, watts in WATTS.items()}
    write_trace(rep.trace("wall", 2), step_samples(attempt(WORKS[DENSE], 2, 2), 300 * MS, double), "wall", 2)
    run = StageRun.open(rep.folder)
    energy = charge(row(study, "dense").cell, {DENSE: run})
    first = WATTS["epoch"] * 2 * ms("epoch") + WATTS["train"] * 2 * ms("around")
    second = 2 * (WATTS["epoch"] * 2 * ms("epoch") + WATTS["train"] * 3 * ms("around"))
    assert energy.headline_J == pytest.approx(first + second, rel=CLOSE)
    idle = NET_IDLE_W * (2 * ms("epoch") + 2 * ms("around")) + 2 * NET_IDLE_W * (2 * ms("epoch") + 3 * ms("around"))
    assert energy.net_J == pytest.approx(first + second - idle, rel=CLOSE), "each attempt with its own idle power"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(2, 60), st.booleans()), min_size=1, max_size=4))
def test_whatever_the_kills_a_figure_is_right_or_absent(tmp_path_factory, study, kills):
    attempts, done = [], 0
    for number, (count, renamed) in enumerate(kills, 1):
        part = killed(attempt(WORKS[SEARCH], number, done), count)
        attempts.append(part)
        done = saved(part, renamed, done)
    attempts.append(attempt(WORKS[SEARCH], len(kills) + 1, done))
    rep = write_rep(rundir.Machine(tmp_path_factory.mktemp("x"), "board").rep(SEARCH, 1), attempts)
    runs = {stage: study.run(stage, 1) for stage in (SLIM, EARLY, DENSE)}
    runs[SEARCH] = StageRun.open(rep.folder)
    for method in ("slimming", "early_bird"):
        whole = row(study, method)
        assert charge(whole.cell, runs).headline_J == pytest.approx(whole.energy.headline_J, rel=0.01)


def test_an_unfinished_stage_gives_no_figure(tmp_path, study):
    lines = attempt(WORKS[EARLY])
    rep = write_rep(rundir.Machine(tmp_path, "b").rep(EARLY, 1), [killed(lines, len(lines) - 4)], complete=False)
    runs = {stage: study.run(stage, 1) for stage in (SEARCH, DENSE)}
    runs[EARLY] = StageRun.open(rep.folder)
    energy = charge(row(study, "early_bird").cell, runs)
    assert energy.headline_J is None and energy.net_J is None
    assert energy.reasons == ("stage {} is not finished".format(EARLY),)


def test_an_epoch_without_a_record_gives_no_figure(tmp_path, study):
    lines = attempt(WORKS[DENSE], 1, saved=1)
    rep = write_rep(rundir.Machine(tmp_path, "b").rep(DENSE, 1), [lines])
    energy = charge(row(study, "dense").cell, {DENSE: StageRun.open(rep.folder)})
    assert energy.headline_J is None
    assert energy.reasons == ("stage {} has no record of epoch 0".format(DENSE),)


def test_a_gap_in_a_charged_window_gives_no_figure(tmp_path, study):
    lines = attempt(WORKS[DENSE])
    second = next(line["t_ns"] for line in lines if line.get("epoch") == 1)
    rep = rundir.Machine(tmp_path, "b").rep(DENSE, 1)
    write_rep(rep, [lines], holes=[(1, second + 300 * MS, second + 900 * MS)])
    energy = charge(row(study, "dense").cell, {DENSE: StageRun.open(rep.folder)})
    assert energy.headline_J is None and energy.net_J is None
    assert "recorded nothing for 0.6" in energy.reasons[0]


def test_a_draw_that_the_stage_does_not_know_is_named(study):
    cell = dict(row(study, "early_bird").cell, charges=[{"role": "search", "stage": SEARCH, "until": "window-0.3"}])
    with pytest.raises(UserError, match="drew no ticket 'window-0.3'; it drew: consecutive-0.5, end-0.5"):
        charge(cell, {SEARCH: study.run(SEARCH, 1)})


def test_an_early_bird_that_did_not_fire_says_so(tmp_path, study):
    work = WORKS[SEARCH]._replace(draws=(("consecutive-0.5", 4),))
    rep = write_rep(rundir.Machine(tmp_path, "b").rep(SEARCH, 1), [attempt(work)])
    runs = {SEARCH: StageRun.open(rep.folder), EARLY: study.run(EARLY, 1)}
    assert charge(row(study, "early_bird").cell, runs).fired is False


@pytest.mark.parametrize("damage", [
    {"stage": "../../../etc"}, {"stage": "abcdef/.."}, {"role": 5}, {"until": ["x"]},
])  # fmt: skip
def test_cells_that_would_lead_out_of_the_directory_are_refused(tmp_path, damage):
    folder = write_study(tmp_path)
    content = cells()
    content["cells"][0]["charges"][0].update(damage)
    (folder / "cells.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="cells.json is damaged"):
        StudyRuns.open(folder)


def test_a_schema_of_the_future_is_refused(tmp_path):
    folder = write_study(tmp_path)
    (folder / "cells.json").write_text(json.dumps(dict(cells(), schema=2)))
    with pytest.raises(UserError, match="has schema 2, this harness reads schema 1"):
        StudyRuns.open(folder)


def test_a_folder_that_is_no_study_is_named(tmp_path):
    with pytest.raises(UserError, match="cells.json cannot be read"):
        StudyRuns.open(tmp_path)


def test_a_study_half_run_shows_the_rows_that_were_begun(tmp_path):
    folder = write_study(tmp_path)
    rep = rundir.Machine(tmp_path / "runs", "board-abc123").rep(EARLY, 1)
    rep.manifest.unlink()
    assert [row.cell["method"] for row in StudyRuns.open(folder).rows()] == ["dense", "slimming"]


def test_a_row_that_waits_for_several_draws_pays_up_to_the_last_and_every_detector(study):
    cell = next(cell for cell in study.cells if cell["method"] == "early_bird")
    search, retrain = cell["charges"]
    waiting = dict(cell, charges=[dict(search, until="consecutive-0.5 and end-0.5"), retrain])
    runs = {item["stage"]: study.run(item["stage"], 1) for item in cell["charges"]}
    parts = {part.phase: part.joules for part in charge(waiting, runs).parts}
    assert parts["search"] == pytest.approx(
        WATTS["epoch"] * 4 * ms("epoch") + WATTS["search"] * role_s(4, tail=False), rel=CLOSE
    )
    assert parts["detect"] == pytest.approx(WATTS["detect"] * 3 * ms("detect"), rel=CLOSE)
    assert flops(waiting, runs) == 3 * 1000 * (4 * 1000000 + 2 * 400000)
    found = detection(waiting, runs)
    assert (found.detections, found.memory_bytes) == (2 + 4, 2 * 10)
