"""Run directories: names, replacement that is whole or not at all, and sums that others can check."""

import subprocess

import pytest

from harness import rundir
from harness.errors import of_disk


def test_traces_are_found_by_meter_and_attempt(tmp_path):
    rep = rundir.Machine(tmp_path, "board").rep("abc", 2)
    rep.power.mkdir(parents=True)
    for meter, attempt in (("ina3221", 2), ("ina3221", 1), ("wall.socket", 1)):
        rep.trace(meter, attempt).write_bytes(b"")
    assert rep.folder == tmp_path / "board" / "stages" / "abc" / "rep-2"
    assert [(meter, attempt) for meter, attempt, _ in rep.traces()] == [
        ("ina3221", 1),
        ("ina3221", 2),
        ("wall.socket", 1),
    ]


def test_replacing_keeps_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "checkpoint" / "last.pt"
    rundir.write(path, lambda file: file.write(b"old"))
    with pytest.raises(RuntimeError), rundir.replacing(path) as file:
        file.write(b"ne")
        raise RuntimeError("power cut")
    assert path.read_bytes() == b"old"


def test_a_full_disk_is_said_with_the_file_that_had_no_room(tmp_path):
    path = tmp_path / "last.pt"
    path.write_bytes(b"old")
    (tmp_path / "last.pt.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError) as caught:
        rundir.write(path, lambda file: file.write(b"new"))
    assert of_disk(caught.value).startswith(f"No space left on device ({path}); what was confirmed before is on disk")
    assert path.read_bytes() == b"old"


def test_replacing_can_keep_what_was_there(tmp_path):
    rep = rundir.Rep(tmp_path)
    assert not rep.committed
    for content in (b"first", b"second", b"third"):
        with rundir.replacing(rep.checkpoint, keep=rep.previous_checkpoint) as file:
            file.write(content)
    assert (rep.checkpoint.read_bytes(), rep.previous_checkpoint.read_bytes()) == (b"third", b"second")
    rep.checkpoint.unlink()
    assert rep.committed


def test_sums_cover_every_file_and_agree_with_sha256sum(tmp_path):
    rep = rundir.Rep(tmp_path / "rep-1")
    for name in ("tickets/end-0.5.npz", "events.jsonl", "power/a.1.arrow", "checkpoint/last.pt.tmp"):
        rundir.write(rep.folder / name, lambda file: file.write(b"x"))
    rundir.seal(rep)
    assert rep.complete
    assert rundir.files(rep.folder) == ["events.jsonl", "power/a.1.arrow", "tickets/end-0.5.npz"]
    assert subprocess.call(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=str(rep.folder)) == 0


def stored(tmp_path):
    rep = rundir.Rep(tmp_path / "rep-1")
    for name in ("events.jsonl", "checkpoint/last.pt"):
        rundir.write(rep.folder / name, lambda file: file.write(b"x"))
    return rep


@pytest.mark.parametrize("keep", [True, False])
def test_a_checkpoint_is_sealed_or_removed_and_the_sums_are_right_either_way(tmp_path, keep):
    rep = stored(tmp_path)
    rundir.seal(rep, keep_checkpoint=keep)
    assert rep.checkpoint.exists() is keep and rep.checkpoint.parent.exists() is keep
    assert ("checkpoint/last.pt" in rep.sums.read_text()) is keep
    assert subprocess.call(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=str(rep.folder)) == 0


def test_a_power_cut_between_the_sums_and_the_removal_is_tidied_up(tmp_path, monkeypatch):
    rep = stored(tmp_path)
    monkeypatch.setattr(rundir, "tidy", lambda rep: None)
    rundir.seal(rep, keep_checkpoint=False)
    monkeypatch.undo()
    assert rep.complete and rep.checkpoint.exists()
    rundir.tidy(rep)
    assert rundir.files(rep.folder) == ["events.jsonl"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../other/manifest.json", "tickets/../../x"])
def test_names_stay_inside(tmp_path, name):
    with pytest.raises(ValueError, match="not a name inside"):
        rundir.Rep(tmp_path).named(name)
