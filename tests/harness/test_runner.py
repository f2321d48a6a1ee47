"""What was run under other conditions is taken up again only when that is asked for."""

import pytest

from harness import machine, rundir, runner
from harness import plan as planning
from harness import study as studies
from harness.errors import UserError
from harness.plan import stage_name
from harness.session import Settings
from tests.harness.recording import write_rep
from tests.harness.timeline import Work, attempt

STUDY = """
models = ["vgg16"]
datasets = ["digits"]
[training]
width = 0.03
epochs = 8
milestones = [6]
[methods.dense]
"""
SETTINGS = Settings(meters=(), idle_s=0.0, cooldown_s=0.0, detection_s=0.0, threads=1, data_dir=None)


class Progress:
    """Notes the stages that were skipped; no other one may begin."""

    def __init__(self):
        self.skipped = []

    def begin(self, stages, epoch_s):
        pass

    def skip(self, stage):
        self.skipped.append(stage)

    def say(self, sentence):
        pass


@pytest.fixture
def plan():
    return planning.plan(studies.parse(STUDY, "mine"))


def ran(plan, folder, complete):
    """The only stage of the plan, imitated: with two threads."""
    (stage,) = plan.stages
    rep = rundir.Machine(folder, machine.name()).rep(stage_name(stage), 1)
    return write_rep(rep, [attempt(Work("train", 0, 8))], complete=complete, schema=1, threads=2)


def test_a_finished_stage_of_other_conditions_is_taken_as_it_is_when_asked_for(plan, tmp_path):
    rep = ran(plan, tmp_path, complete=True)
    expected = f"{rep.folder} was begun differently: .*threads was 2, is 1.*; use --out .* or --force to take it as it"
    with pytest.raises(UserError, match=expected):
        runner.run(plan, tmp_path, SETTINGS, Progress(), lock=0)
    progress = Progress()
    runner.run(plan, tmp_path, SETTINGS, progress, lock=0, force=True)
    assert progress.skipped == list(plan.stages)


def test_an_interrupted_stage_of_other_conditions_is_refused_with_what_forcing_it_does(plan, tmp_path):
    rep = ran(plan, tmp_path, complete=False)
    rep.checkpoint.parent.mkdir()
    rep.checkpoint.write_bytes(b"")
    with pytest.raises(UserError, match="threads was 2, is 1.* or --force to go on and have its rows marked"):
        runner.run(plan, tmp_path, SETTINGS, Progress(), lock=0)
