"""A training that the kernel killed for memory is told from one that somebody killed."""

import signal

import pytest

from harness.out_of_memory import Kills


@pytest.fixture
def counters(tmp_path):
    path = tmp_path / "vmstat"
    path.write_text("pgfault 7\noom_kill 3\n")
    return path


def test_a_kill_that_the_kernel_counted_is_told_with_the_batch_size(counters):
    kills = Kills(64, counters)
    counters.write_text("pgfault 9\noom_kill 4\n")
    said = kills.why(-signal.SIGKILL)
    assert said.startswith(" by the kernel because memory ran out; set a batch_size below 64")
    assert kills.why(-signal.SIGTERM) == kills.why(1) == ""


def test_a_kill_by_somebody_else_is_not_blamed_on_memory(counters):
    assert Kills(64, counters).why(-signal.SIGKILL) == ""


@pytest.mark.parametrize("content", ["pgfault 7\n", None])
def test_a_kernel_that_does_not_count_leaves_the_question_open(tmp_path, content):
    path = tmp_path / "vmstat"
    if content:
        path.write_text(content)
    assert Kills(64, path).why(-signal.SIGKILL).startswith("; if `dmesg` says that memory ran out, set a batch_size")
