import json
import os
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

import results
from harness import rundir
from harness.cli import analyse, cli
from harness.errors import UserError
from results import report, verify
from tests.harness.profiled import write_profile
from tests.harness.recording import DENSE, EARLY, WORKS
from tests.harness.timeline import attempt, killed
from tests.results.conftest import write_study


@pytest.fixture
def folder(tmp_path):
    study_dir = write_study(tmp_path)
    report.tables.write(study_dir)
    return study_dir


def rep(folder, stage=DENSE):
    return rundir.StudyFolder(folder).machine.rep(stage, 1)


def problems(folder):
    return verify.problems(results.load(folder, allow_mixed=True))


def test_a_sealed_study_with_its_tables_is_sound(folder):
    assert problems(folder) == []


def test_a_changed_file_is_named(folder):
    with open(rep(folder).clock, "w") as file:
        file.write("{}\n")
    assert problems(folder) == [f"{rep(folder).clock} is not in SHA256SUMS: it was added after the run was sealed"]
    text = rep(folder).manifest.read_text()
    rep(folder).manifest.write_text(text.replace("MAXN", "MAXN "))
    assert any("manifest.json was changed after the run was sealed" in sentence for sentence in problems(folder))


def test_a_changed_sample_is_found(folder):
    path = rep(folder).trace("wall", 1)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    assert any(f"{path} was changed" in sentence for sentence in problems(folder))


def test_a_missing_file_is_named(folder):
    rep(folder).trace("wall", 1).unlink()
    assert any("wall.1.arrow is missing" in sentence for sentence in problems(folder))


def test_a_link_is_no_file_of_a_sealed_run(folder, tmp_path):
    path = rep(folder).trace("wall", 1)
    os.rename(path, tmp_path / "elsewhere.arrow")
    path.symlink_to(tmp_path / "elsewhere.arrow")
    found = problems_of_stage(folder)
    assert any("is a link" in sentence or "leads out" in sentence for sentence in found)


def problems_of_stage(folder):
    try:
        return problems(folder)
    except UserError as error:
        return [str(error)]


def test_seals_that_name_files_elsewhere_are_refused(folder):
    sums = rep(folder).sums
    sums.write_text(sums.read_text() + "0" * 64 + "  ../../../../etc/passwd\n")
    assert any("names no file of this run" in sentence for sentence in problems(folder))


def test_a_stage_without_seals_was_never_completed(tmp_path):
    folder = write_study(tmp_path, {EARLY: [killed(attempt(WORKS[EARLY]), 9)]}, complete=True)
    rep(folder, EARLY).sums.unlink()
    assert any("was never completed" in sentence for sentence in problems(folder))


def test_a_stage_that_rows_are_charged_and_is_not_there_is_named(folder):
    shutil.rmtree(rep(folder).folder)
    assert f"{rep(folder).folder} is missing: it was not begun, or taken away" in problems(folder)


def test_a_study_without_one_finished_row_is_verified_too(tmp_path):
    folder = write_study(tmp_path)
    for stage in WORKS:
        shutil.rmtree(rep(folder, stage).folder)
    report.tables.write(folder)
    assert problems(folder) == [
        f"{rep(folder, stage).folder} is missing: it was not begun, or taken away"
        for stage in results.load(folder).runs.stages
    ]


def test_events_that_are_gone_are_named_with_the_trace_that_is_left(folder):
    rep(folder).events.write_text("")
    found = problems(folder)
    assert any("events.jsonl was changed" in sentence for sentence in found)
    assert any("meter wall recorded attempt 1, of which the events say nothing" in sentence for sentence in found)


def test_a_table_cell_that_does_not_follow_from_the_traces_is_named(folder):
    table = pd.read_csv(folder / "table.csv")
    table.loc[0, "energy_J"] *= 0.9
    table.to_csv(folder / "table.csv", index=False)
    (sentence,) = problems(folder)
    assert "energy_J of dense-vgg16-digits-seed1 is 48.8" in sentence and "the traces give 54.2" in sentence


def test_a_table_with_other_rows_is_named(folder):
    table = pd.read_csv(folder / "table.csv")
    table.iloc[1:].to_csv(folder / "table.csv", index=False)
    assert any("other rows or columns" in sentence for sentence in problems(folder))


def test_a_paper_table_that_was_edited_is_named(folder):
    (folder / "table.md").write_text((folder / "table.md").read_text().replace("early_bird", "best"))
    assert any("table.md is not what follows" in sentence for sentence in problems(folder))


@pytest.mark.parametrize("old, new", [("0.05424", "0.04424"), ("There is one repetition", "There are many")])
def test_a_report_whose_tables_or_doubts_were_edited_is_named(folder, old, new):
    page = report.write(folder)[0]
    assert problems(folder) == [] and old in page.read_text()
    page.write_text(page.read_text().replace(old, new))
    assert problems(folder) == [
        f"{page} is not what follows from the traces: write it anew with harness report {folder}"
    ]


def test_a_profile_that_runs_later_does_not_make_the_full_run_unsound(folder, tmp_path):
    """Each shows the other's energies beside its own, so that a run writes the reports of both."""
    page = report.write(folder)[0]
    profile = write_profile(tmp_path)
    assert any(str(page) in sentence for sentence in problems(folder)), "it does not show the profile yet"
    assert page in analyse(profile)
    assert problems(folder) == []


def test_a_file_larger_than_any_report_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(verify, "LARGEST_STORED", 100)
    assert any("table.csv is not a table" in sentence for sentence in problems(folder))


def test_the_digest_under_the_table_changes_with_any_file(folder):
    before = digest(folder)
    rundir.write(rep(folder).clock, lambda file: file.write(b"{}\n"))
    rundir.seal(rep(folder))
    assert digest(folder) != before
    assert f"evidence: sha256 {before}" in (folder / "table.md").read_text()


def digest(folder):
    from results import provenance

    return provenance.digest(results.load(folder).runs)


def test_the_command_fails_when_something_is_wrong(folder):
    run = CliRunner()
    assert run.invoke(cli, ["verify", str(folder)]).exit_code == 0
    rep(folder).trace("wall", 1).unlink()
    done = run.invoke(cli, ["verify", str(folder), "--json"])
    assert done.exit_code == 1
    (entry,) = json.loads(done.output)
    assert len(entry["stages"]) == 4 and entry["problems"]


@pytest.mark.parametrize("name", ["events.jsonl", "manifest.json"])
def test_nothing_outside_the_run_directory_is_read(folder, tmp_path, name):
    path = rep(folder).folder / name
    os.rename(path, tmp_path / name)
    path.symlink_to(tmp_path / name)
    with pytest.raises(UserError, match="leads out of its run directory"):
        verify.problems(results.load(folder))
