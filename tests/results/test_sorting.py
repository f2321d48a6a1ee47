import pytest

from harness import quantities
from results.sorting import key


@pytest.mark.parametrize(
    "cell, number",
    [("0.05424", 0.05424), ("12.00 G", 12e9), ("10.0 B", 10), ("1.6 kB", 1600), ("90.00", 90), ("0.022 %", 0.022),
     ("0.05372 to 0.05476", 0.05372), ("1.2 emulated", 1.2), ("–", None), ("", None), ("retrain", None), ("−3", -3),
     ("1.7e-07 %", 1.7e-7), ("3 Pruned", 3)],
)  # fmt: skip
def test_a_cell_is_sorted_by_its_number(cell, number):
    assert key(cell) == (None if number is None else pytest.approx(number))


@pytest.mark.parametrize("seconds", [0.25, 59, 61, 3599, 3660, 100000, 700000])
def test_durations_sort_as_they_last(seconds):
    assert key(quantities.duration(seconds)) == pytest.approx(seconds, rel=0.05)


@pytest.mark.parametrize("value", [1.0, 999.0, 1e3, 5.5e6, 7e9, 1e12, 3e15])
def test_prefixes_are_undone(value):
    assert key(quantities.prefixed(value)) == pytest.approx(value)
