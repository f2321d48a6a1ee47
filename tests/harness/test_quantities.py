import pytest

from harness.quantities import NONE, counted, duration, kilojoules, percent, prefixed, significant, small_percent


@pytest.mark.parametrize(
    "value, text",
    [(0, "0"), (0.0123456, "0.01235"), (0.5, "0.5000"), (12.3456, "12.35"), (99999.9, "100000"), (1234.0, "1234"),
     (-2.5, "-2.500"), (1.23456e-9, "1.235e-09"), (9.9999, "10.00"), (None, NONE)],
)  # fmt: skip
def test_significant_digits_without_an_exponent_where_people_read_them(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.5, "0.500 s"),
        (59.94, "59.9 s"),
        (127, "2 min 07 s"),
        (3900, "1 h 05 min"),
        (180000, "2 d 02 h"),
        (None, NONE),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_units_are_in_the_text():
    assert prefixed(1.512e16) == "15.12 P"
    assert prefixed(16896, "B", 3) == "16.9 kB"
    assert prefixed(64, "B", 3) == "64.0 B"
    assert kilojoules(2332.0) == "2.332"
    assert percent(0.93456) == "93.46"
    assert small_percent(0.000257) == "0.026 %"
    assert (prefixed(None), kilojoules(None), percent(None), small_percent(None)) == (NONE,) * 4


def test_one_is_no_plural():
    assert [counted(number, "stage") for number in (0, 1, 2)] == ["0 stages", "1 stage", "2 stages"]
