"""What tests of trainings share."""

import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Sums in one order: with more threads they round otherwise, which a few steps of training make large."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
