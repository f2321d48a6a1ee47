"""A stage is gone on with only where its manifest is understood."""

import pytest

from harness import rundir
from harness.errors import UserError
from harness.session import read_manifest


@pytest.mark.parametrize(
    "content, expected",
    [
        ('{"schema": 9}', "manifest.json has schema 9, this harness reads schema 1: use the version that wrote it"),
        ('{"schema": 1, "at', "manifest.json is damaged"),
        ("[]", "manifest.json is damaged .it holds no JSON object"),
    ],
)
def test_a_manifest_that_is_damaged_or_newer_is_refused_with_the_way_out(tmp_path, content, expected):
    rep = rundir.Rep(tmp_path)
    rep.manifest.write_text(content)
    with pytest.raises(UserError, match=f"{expected}.*, or move the folder {tmp_path} away to run this stage again"):
        read_manifest(rep)


def test_a_stage_that_was_not_begun_has_none(tmp_path):
    assert read_manifest(rundir.Rep(tmp_path)) == {}
