"""A study on disk whose every joule is known, as `harness run` leaves it; see tests/harness/timeline.py."""

import json

import numpy as np
import pytest

from harness import rundir
from tests.harness.recording import SEARCH, WORKS, cells, write_rep
from tests.harness.timeline import attempt

GAMMAS = np.array([[np.sin(3.0 * i + 5.0 / (epoch + 1)) for i in range(16)] for epoch in range(4)], dtype=np.float32)
SIZES = np.array([8, 8])


def write_study(folder, stages=None, name="imitated", **options):
    """A study's folder below `folder`; `stages`: attempts of a stage that are not one whole one."""
    machine = rundir.Machine(folder / "runs", "board-abc123")
    for stage, work in WORKS.items():
        rep = machine.rep(stage, 1)
        if stage == SEARCH:
            rundir.write(rep.named("tickets/gammas.npz"), lambda file: np.savez(file, gammas=GAMMAS, sizes=SIZES))
        write_rep(rep, (stages or {}).get(stage, [attempt(work)]), **options)
    study = machine.study(name)
    rundir.write(study.cells, lambda file: file.write(json.dumps(cells()).encode()))
    rundir.write(study.study, lambda file: file.write(b'title = "A study whose joules are known"\n'))
    return study.folder


@pytest.fixture(scope="session")
def study_dir(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def study(study_dir):
    import results

    return results.load(study_dir)
