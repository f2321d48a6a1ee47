"""The statistics behind every benchmark: a median, and an interval that holds for any distribution."""

import json
import math
import random

import pytest

from benchmarks.paired import compare, line, median_interval


def test_the_interval_of_ten_values_leaves_out_the_extremes():
    assert median_interval([3, 1, 2, 10, 9, 8, 7, 6, 5, 4]) == (5.5, 2, 9)


def test_the_interval_encloses_the_true_median_at_least_95_times_in_100():
    random.seed(1)
    enclosed = 0
    for _ in range(2000):
        _, low, high = median_interval([random.expovariate(1) for _ in range(20)])
        enclosed += low <= math.log(2) <= high
    assert enclosed / 2000 >= 0.95


def test_thousands_of_values_make_a_narrow_interval():
    middle, low, high = median_interval(list(range(3001)))
    assert middle == 1500 and 1440 < low < 1450 and 1550 < high < 1560


def test_five_values_are_too_few():
    with pytest.raises(ValueError, match="take 6 or more"):
        median_interval([1, 2, 3, 4, 5])


def test_a_value_at_its_limit_is_within_it():
    said = {"benchmark": "bytes", "limit": 3, "ok": True, "value": 3, "seconds": 1}
    assert json.loads(line("bytes", 3, 3, seconds=1)) == said
    assert json.loads(line("bytes", 4, 3, seconds=1)) == dict(said, ok=False, value=4)


def test_pairs_alternate_and_the_line_says_whether_the_limit_holds():
    calls, now = [], [0.0]

    def spend(name, seconds):
        calls.append(name)
        now[0] += seconds

    result = compare(lambda: spend("a", 2), lambda: spend("b", 1), pairs=10, clock=lambda: now[0])
    assert calls == ["b", "a", "a", "b"] * 5
    assert result == (2.0, 2.0, 2.0, 2.0, 1.0, 10)
    assert json.loads(result.line("sum", 1.5))["ok"] is False
    assert json.loads(result.line("sum", 2.5))["ok"] is True
