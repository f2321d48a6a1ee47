"""Boards to set up."""

import pytest

from tests.jetson_setup.imitated_board import World


@pytest.fixture
def world(tmp_path):
    return lambda tree, python_tag="cp36": World(tmp_path, tree, python_tag)


@pytest.fixture
def tx2(world):
    return world("TX2-R32.7-rootonly")
