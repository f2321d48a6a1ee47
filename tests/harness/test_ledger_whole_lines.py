"""What is no file of a run is refused before it is read; a line that is not whole is dropped."""

import os

import pytest

from harness.errors import UserError
from harness.ledger import anchors, events, state
from harness.ledger.whole_lines import whole_lines


@pytest.mark.parametrize(
    "reader, sentence",
    [
        (events, r"is larger than any run writes \(512 MB\): it holds no events"),
        (anchors, r"is larger than any run writes \(64 MB\): it holds no clock anchors"),
        (state, r"is larger than any run writes \(512 MB\): it holds no board state"),
    ],
)
def test_a_file_larger_than_any_run_writes_is_refused(reader, sentence, tmp_path):
    path = tmp_path / "lines.jsonl"
    path.touch()
    os.truncate(str(path), reader.LARGEST_BYTES + 1)
    with pytest.raises(UserError, match=sentence):
        reader.read(path)


def test_a_torn_last_line_is_dropped_and_a_missing_file_has_none(tmp_path):
    path = tmp_path / "lines.jsonl"
    assert list(whole_lines(path, 10, "events")) == []
    path.write_bytes(b"one\n\ntwo\nthr")
    assert list(whole_lines(path, 12, "events")) == [b"one", b"", b"two"]
