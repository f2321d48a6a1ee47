"""Equal weights give equal masks, whatever torch and Python draw them, with the same number of threads."""

import numpy as np
import pytest

from tests.workloads.stored_masks import FOLDER, masks
from workloads import methods
from workloads.job import Job


def _arrays(name):
    with np.load(str(FOLDER / name), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


STORED = _arrays("masks.npz")


@pytest.fixture(scope="module")
def drawn(one_thread):
    return masks(_arrays("weights.npz"))


@pytest.mark.parametrize("way", sorted(STORED))
def test_the_mask_is_the_one_that_was_stored(way, drawn):
    assert np.array_equal(drawn[way], STORED[way])
    assert 0 < drawn[way].sum() < drawn[way].size


def test_every_way_that_a_method_draws_by_is_stored(drawn):
    asked = set()
    for name in methods.names():
        for charge in methods.find(name).recipe(Job("vgg16", "synthetic")):
            asked |= {draw.by or "gammas" for draw in charge.training.draws}
            asked |= {charge.training.score.by} if charge.training.score else set()
    assert {way.split("-")[0] for way in STORED} == asked and set(drawn) == set(STORED)
