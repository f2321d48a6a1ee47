"""Imitated boards for whoever reads the state of one."""

import pytest

from tests.meters.imitated import extract


@pytest.fixture
def tree(tmp_path):
    return lambda name: extract(name, tmp_path)


@pytest.fixture
def tx2(tree):
    return tree("TX2-R32-idle")
