"""The settings of the C library's heap reach a process, and what the user set himself stays."""

from harness import heap


def test_what_the_user_set_goes_first(monkeypatch):
    for name in heap.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert heap.environment() == heap.SETTINGS
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "5")
    assert heap.environment() == dict(heap.SETTINGS, MALLOC_TRIM_THRESHOLD_="5")
