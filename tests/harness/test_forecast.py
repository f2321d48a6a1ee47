"""A study is foretold from what was seen, the most alike first; what has been done takes the place of what was said."""

import json

import pytest
from click.testing import CliRunner

from harness import plan as planning
from harness import rundir
from harness import study as studies
from harness.commands.plan import command
from harness.errors import UserError
from harness.finder import Finder
from harness.forecast import stored
from harness.forecast.each import PROFILE, SAME, SIMILAR
from harness.forecast.following import Follower
from harness.forecast.observed import board
from harness.forecast.study import MEASURED, forecast, profile_seconds
from harness.ledger.stage import StageRun
from harness.plan import stage_name
from harness.profile import profile
from harness.progress import Estimate
from harness.shelf import Shelf
from tests.harness import profiled
from tests.harness.recording import write_rep
from tests.harness.timeline import DURATION_MS, WATTS, Work, attempt
from workloads.profile import steady

STUDY = """
models = ["vgg16"]
datasets = ["digits"]
ratios = [0.5]
[training]
width = 0.03
epochs = 8
milestones = [6]
[methods.dense]
[methods.lottery]
[methods.early_bird]
"""
EPOCH_J = WATTS["epoch"] * DURATION_MS["epoch"] / 1000
EPOCH_S = DURATION_MS["epoch"] / 1000


@pytest.fixture
def machine(tmp_path):
    return rundir.Machine(tmp_path, "board")


def plan_of(text=STUDY):
    return planning.plan(studies.parse(text, "mine"))


def foretold(machine, text=STUDY):
    plan = plan_of(text)
    found = forecast(plan, Finder(plan, Shelf(), machine), machine, board(machine), overhead_s=10.0)
    return {one.name.split("-")[0]: one for one in found.cells}, found


def ran(machine, training, work=None, complete=True, lines=None):
    """The imitated run of a stage below the machine's folder."""
    lines = attempt(work or Work(training.role, 0, 8)) if lines is None else lines
    rep = machine.rep(stage_name(training), 1)
    return write_rep(rep, [lines], full=training.full(), complete=complete)


def stage(role, plan=None):
    return next(one for one in (plan or plan_of()).stages if one.role == role)


def test_nothing_is_foretold_where_nothing_tells(machine):
    cells, found = foretold(machine)
    assert cells["dense"].joules is None and "no stage of this model is finished here" in cells["dense"].rests_on
    assert found.total.joules is None and found.total.seconds is None


def test_a_meter_that_no_stage_has_is_refused_instead_of_foretold_from_another(machine):
    ran(machine, plan_of().stages[0])
    (meter,) = {name for one in rundir.reps(machine.folder) for name in StageRun.open(one).meters}
    assert board(machine, meter) == board(machine)
    with pytest.raises(UserError, match=f"has a meter 'elsewhere'; there are: {meter}") as caught:
        board(machine, "elsewhere")
    assert caught.value.code == 2


def test_the_same_network_is_foretold_by_its_epochs(machine):
    ran(machine, stage("train", plan_of(STUDY.replace("epochs = 8", "epochs = 30"))))
    cells, found = foretold(machine)
    dense = cells["dense"]
    assert dense.rests_on == SAME and dense.joules.likely == pytest.approx(8 * EPOCH_J)
    assert dense.joules.low < dense.joules.likely < dense.joules.high
    assert dense.seconds.likely == pytest.approx(8 * EPOCH_S)


def test_a_profile_tells_before_another_run_does(machine):
    ran(machine, stage("train", plan_of(STUDY.replace("epochs = 8", "epochs = 30"))))
    ran(machine, steady(stage("train"), 3), lines=profiled.attempt())
    assert foretold(machine)[0]["dense"].rests_on == PROFILE
    assert foretold(machine)[0]["dense"].joules.likely == pytest.approx(8 * profiled.WINDOW_J * 1000 / profiled.IMAGES)


def test_a_similar_network_tells_by_its_flops_in_a_wider_bracket(machine):
    pytest.importorskip("torch")
    ran(machine, stage("train"))
    early = foretold(machine)[0]["early_bird"]
    assert SIMILAR in early.rests_on and "epochs assumed" in early.rests_on
    assert early.joules.high - early.joules.low > 0.2 * early.joules.likely


def test_published_joules_are_said_to_be_published(machine):
    text = STUDY.replace('"digits"', '"cifar10"').replace("width = 0.03\nepochs = 8\nmilestones = [6]\n", "")
    cells, _ = foretold(machine, text)
    assert cells["dense"].rests_on == "published, TX2"
    assert cells["dense"].joules.likely == pytest.approx(373.1e3, rel=1e-3)
    assert cells["early_bird"].joules.likely == pytest.approx(213.4e3, rel=1e-3), "20 dense and 140 pruned epochs"
    assert "epochs published" in cells["early_bird"].rests_on
    assert cells["early_bird"].joules.high == pytest.approx(1.1 * 373.1e3, rel=1e-3), "drawn at the end"


def test_the_prediction_tightens_while_the_study_runs(machine):
    train = stage("train", plan_of(DENSE))
    ran(machine, stage("train", plan_of(STUDY.replace("epochs = 8", "epochs = 30"))))
    before = foretold(machine, DENSE)[1]
    half = [line for line in attempt(Work("train", 0, 8)) if line["event"] != "result"]
    cut = next(i for i, line in enumerate(half) if line.get("epoch") == 6)
    ran(machine, train, complete=False, lines=half[:cut])
    under_way = foretold(machine, DENSE)[1]
    assert width(under_way.total) < 0.5 * width(before.total)
    assert under_way.left.joules.likely < 0.3 * under_way.total.joules.likely
    ran(machine, train)
    over = foretold(machine, DENSE)[1]
    assert over.stages[0].rests_on == MEASURED and width(over.total) == pytest.approx(0)
    assert over.left.joules == (0, 0, 0) and over.left.seconds == (0, 0, 0)
    assert over.total.seconds.likely == pytest.approx(8 * EPOCH_S + 10), "what surrounded the work took its time too"


DENSE = STUDY.replace("[methods.lottery]\n[methods.early_bird]\n", "")


def width(one):
    return one.joules.high - one.joules.low


def test_repetitions_and_what_surrounds_the_work_are_in_the_total(machine):
    ran(machine, steady(stage("train"), 3), lines=profiled.attempt())
    once, twice = (foretold(machine, text)[1].total for text in (DENSE, "repetitions = 2\n" + DENSE))
    assert twice.seconds.likely == pytest.approx(2 * once.seconds.likely)
    epochs_s = 8 * DURATION_MS["window"] * 4 / profiled.IMAGES
    assert once.seconds.likely == pytest.approx(epochs_s + 10)


def test_the_time_of_running_a_profile(machine):
    ran(machine, steady(stage("train"), 3), lines=profiled.attempt())
    plan = planning.plan(studies.formed(studies.parse(DENSE, "mine"), "profile"))
    finder = Finder(plan, Shelf(), machine)
    found = profile_seconds(profile(plan, finder, Shelf()), finder, board(machine), overhead_s=10, window_s=100)
    assert found.likely == pytest.approx(10 + 4 * 100, rel=1e-3)


def test_a_prediction_is_kept_as_it_was_first_made(machine):
    ran(machine, steady(stage("train"), 3), lines=profiled.attempt())
    folder = machine.study("mine")
    content = stored.as_json("mine", foretold(machine, DENSE)[1])
    stored.write(folder, content)
    stored.write(folder, dict(content, total=None))
    assert stored.read(folder) == json.loads(json.dumps(content))
    assert set(stored.epoch_seconds(content)) == {stage_name(stage("train", plan_of(DENSE)))}


def test_a_run_that_is_followed_says_what_it_takes_in_all(machine):
    ran(machine, steady(stage("train"), 3), lines=profiled.attempt())
    text = STUDY.replace("[methods.early_bird]\n", "")
    plan = plan_of(text)
    stored.write(machine.study("mine"), stored.as_json("mine", foretold(machine, text)[1]))
    said = []
    work = [(machine.rep(stage_name(one), 1), one) for one in plan.stages]
    follower = Follower(machine.study("mine"), work)
    assert len(follower.epoch_seconds()) == 2 and all(follower.epoch_seconds())
    for rep, one in work:
        ran(machine, one, Work(one.role, 0, 8, (("magnitude-end-0.5", 8),) if one.draws else ()))
        follower.tell(rep, said.append)
    assert said[0].startswith("  0.108") and "kJ in all (" in said[0]
    assert "was predicted before the run" in said[1]


def test_time_left_is_told_before_the_first_epoch_has_ended_and_corrected_by_it():
    plan = plan_of()
    stages = [(one, False) for one in plan.stages[:2]]
    estimate = Estimate(stages, [10.0, 5.0])
    assert estimate.seconds(overhead_s=0) == 8 * 10 + 8 * 5
    estimate.epoch_took(20.0, stage=0)
    assert estimate.seconds(overhead_s=0) == 2 * (8 * 10 + 8 * 5)
    assert Estimate(stages).seconds(overhead_s=0) is None


def test_the_command_prints_a_bracket_and_writes_what_it_says(tmp_path):
    arguments = ["table2-vgg16-cifar10", "--only", "method=snip,ratio=0.3", "--out", str(tmp_path), "--write"]
    shown = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "373.1  335.8 to 410.4" in shown.output and "published, TX2" in shown.output
    content = json.loads(CliRunner().invoke(command, arguments + ["--json"], catch_exceptions=False).output)
    assert content["cells"][0]["joules"]["likely"] == pytest.approx(373100)
    assert list(tmp_path.glob("*/studies/table2-vgg16-cifar10/prediction.json"))
    shown = CliRunner().invoke(command, arguments + ["--form", "profile"], catch_exceptions=False)
    assert "running the profile takes" in shown.output
