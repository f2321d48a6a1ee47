"""Run directories of strangers: whatever stands in them gives a table or one sentence, and nothing outside is read."""

import copy
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import results
from harness import rundir
from harness.cli import cli
from harness.errors import UserError
from harness.ledger import stage
from results import compare, efficiency, flops, paper, report, tables, verify
from results.sheets import budgets, sheets, with_doubts, with_evidence
from tests.harness.recording import DENSE, EARLY, SEARCH, cells
from tests.results.conftest import write_study

ODD = [
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    float("nan"),
    "",
    "..",
    "../../etc/passwd",
    "\x00",
    "<b>",
    [],
    [[]],
    {},
    {"a": 1},
]
JSON_FILES = ("manifest.json", "events.jsonl", "cells.json")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def folder(tmp_path):
    return write_study(tmp_path)


def rep(folder, name=DENSE):
    return rundir.StudyFolder(folder).machine.rep(name, 1)


def run(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)


def read_all(folder):
    """Everything that the command line would show of a study."""
    study = results.load(folder, allow_mixed=True)
    first, *others = sheets(study, 0.5)
    found = with_evidence([with_doubts(first, study), *others, budgets(study), *paper.sheets(study)], study)
    for sheet in found:
        tables.text(sheet), tables.latex(sheet), tables.markdown(sheet)
    tables.csv(tables.main(study)), study.windows, study.epochs, study.phases, flops.frame(study.runs)
    efficiency.frame(study), compare.sheets(study, study), verify.problems(study)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def changed(value, path, odd, delete):
    """The value with something odd, or nothing, at a place."""
    if not path:
        return odd
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if delete:
        del inner[path[-1]]
    else:
        inner[path[-1]] = odd
    return value


def damage(data, folder):
    """Something odd in one JSON file of a study."""
    path = data.draw(st.sampled_from(sorted(p for p in folder.parents[1].rglob("*") if p.name in JSON_FILES)))
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    number = data.draw(st.integers(0, len(lines) - 1))
    value = json.loads(lines[number])
    place = data.draw(st.sampled_from(list(places(value))))
    odd, delete = data.draw(st.sampled_from(ODD)), data.draw(st.booleans())
    lines[number] = json.dumps(changed(value, place, odd, delete and bool(place)))
    path.write_text("\n".join(lines) + "\n")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_values_anywhere_give_a_table_or_a_sentence(data, sound, tmp_path_factory):
    copied = tmp_path_factory.mktemp("odd") / "runs"
    shutil.copytree(sound.parents[2], copied)
    damage(data, copied / sound.relative_to(sound.parents[2]))
    try:
        read_all(copied)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 2000
    finally:
        shutil.rmtree(copied)


@pytest.mark.parametrize("name", ["manifest.json", "cells.json"])
@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "[" * 100000, '{"schema": 2}', '{"schema": 1, "cells": 3, "meters": 3}']
)
def test_damaged_foreign_and_future_records_are_one_sentence(folder, name, content):
    path = folder / name if name == "cells.json" else rep(folder).folder / name
    path.write_text(content)
    with pytest.raises(UserError) as error:
        results.load(folder).cells  # noqa: B018
    assert str(path) in str(error.value)
    assert ("schema 2" in str(error.value)) == ("2}" in content)


@pytest.mark.parametrize("odd", ["\x1b[2J", "\r", "\x9b1m", "\u202e", "\n"], ids=ascii)
@pytest.mark.parametrize("place", ["label", "id", "meter", "fact", "draw"])
def test_no_name_can_rewrite_the_terminal_that_shows_it(folder, odd, place):
    """A label that moves the cursor could show another number than the one that was measured."""
    path, old = {
        "label": (folder / "cells.json", '"label": "dense"'),
        "id": (folder / "cells.json", '"id": "dense-vgg16-digits-seed1"'),
        "meter": (rep(folder).manifest, '"name": "wall"'),
        "fact": (rep(folder).manifest, '"torch"'),
        "draw": (rep(folder, SEARCH).events, '"end-0.5"'),
    }[place]
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, old[:-1] + json.dumps(odd)[1:]))
    with pytest.raises(UserError) as error:
        read_all(folder)
    assert odd not in str(error.value)


def test_a_record_from_a_newer_harness_may_say_more(folder):
    path = rep(folder).manifest
    path.write_text(json.dumps(dict(json.loads(path.read_text()), invented={"later": [1, 2]})))
    assert results.load(folder).cells["energy_J"].notna().all()


def test_a_torn_event_log_loses_its_tail_and_the_row_its_figure(folder):
    path = rep(folder).events
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cell = results.load(folder).cells.set_index("method").loc["dense"]
    assert cell["energy_J"] != cell["energy_J"] and "is not finished" in cell["why_no_energy"]


def test_a_torn_trace_leaves_the_row_without_a_figure_and_with_a_reason(folder):
    path = rep(folder).trace("wall", 1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cell = results.load(folder).cells.set_index("method").loc["dense"]
    assert cell["energy_J"] != cell["energy_J"] and "wall" in cell["why_no_energy"]


def test_a_trace_of_a_newer_harness_says_so(folder):
    path = rep(folder).trace("wall", 1)
    path.write_bytes(path.read_bytes().replace(b'{"schema": 1,', b'{"schema": 2,'))
    reason = results.load(folder).cells.set_index("method").loc["dense", "why_no_energy"]
    assert "was it made by a newer harness?" in reason


def test_a_study_of_which_nothing_was_begun_has_a_table_that_says_so(tmp_path):
    study = rundir.Machine(tmp_path / "runs", "board").study("waiting")
    rundir.write(study.cells, lambda file: file.write(json.dumps(cells()).encode()))
    for options in ([], ["--paper"], ["--budget"], ["--format", "csv"], ["--json"]):
        assert run("table", study.folder, *options).exit_code == 0
    assert "not begun: dense-vgg16-digits-seed1" in run("table", study.folder).output
    told = run("verify", study.folder)
    assert told.exit_code == 1 and "it was not begun, or taken away" in told.output


def test_without_any_meter_accuracy_and_flops_are_tabled_and_energy_says_why(folder):
    for begun in rundir.StudyFolder(folder).machine.folder.glob("stages/*/rep-1"):
        shutil.rmtree(begun / "power")
        path = begun / "manifest.json"
        path.write_text(json.dumps(dict(json.loads(path.read_text()), meters=[], simulated=False)))
    frame = results.load(folder).cells
    assert frame["accuracy_end"].eq(0.9).all() and frame["flops"].gt(0).all() and frame["energy_J"].isna().all()
    assert set(frame["why_no_energy"]) == {"no meter recorded this stage"}
    text = run("table", folder).output
    assert "dense-vgg16-digits-seed1: no meter recorded this stage" in text and "12.00 G" in text


def test_mixed_boards_are_marked_where_they_are_allowed(folder):
    path = rep(folder).manifest
    path.write_text(path.read_text().replace("MAXN", "MAXQ"))
    text = run("table", folder, "--allow-mixed").output
    assert "MIXED: stages of different boards, power modes or boundaries stand in one table" in text


def test_one_repetition_says_that_its_interval_is_the_metering_alone(folder):
    assert "95 % interval, metering only" in run("table", folder).output


@pytest.mark.parametrize("name", ["cells.json", "study.toml", "table.csv", "table.md"])
def test_links_out_of_a_study_are_not_followed(folder, tmp_path, name):
    tables.write(folder)
    outside = tmp_path / name
    shutil.move(folder / name, outside)
    (folder / name).symlink_to(outside)
    before = outside.read_bytes()
    with pytest.raises(UserError, match="leads out of its run directory|is a link"):
        study = results.load(folder)
        study.asked, verify.problems(study)
    with pytest.raises(UserError, match="leads out of its run directory|is a link"):
        report.write(folder)
    assert outside.read_bytes() == before, "nor written through"


def test_figures_are_not_written_through_a_link(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is a link"):
        report.write(folder)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "name, kind", [("export", "parquet"), ("export/cells.csv", "csv"), ("export/schema.json", "csv")]
)
def test_frames_are_not_exported_through_a_link(folder, tmp_path, name, kind):
    (tmp_path / "elsewhere").mkdir()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(tmp_path / "elsewhere" / ("." if name == "export" else "stranger's"))
    with pytest.raises(UserError, match="is a link"):
        run("export", folder, "--format", kind)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("name", ["manifest.json", "events.jsonl", "power/wall.1.arrow"])
def test_what_never_ends_is_not_read(folder, name):
    path = rep(folder).folder / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UserError, match="is no ordinary file"):
        results.load(folder).cells  # noqa: B018


@pytest.mark.parametrize("place", ["../../../../../etc/passwd", "/etc/passwd", "x/../../y"])
def test_names_that_climb_are_refused(folder, place):
    path = rep(folder).manifest
    content = json.loads(path.read_text())
    content["meters"][0]["name"] = place
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"meters\[0\].name is not what it must be"):
        results.load(folder)
    path = folder / "cells.json"
    content = json.loads(path.read_text())
    content["cells"][0]["charges"][0]["stage"] = place
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"cells\[0\].charges\[0\].stage is not what it must be"):
        results.load(folder)


def test_too_much_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(stage, "LARGEST_JSON", 64)
    with pytest.raises(UserError, match="it is larger than"):
        results.load(folder)


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_nothing_is_unpickled(folder, tmp_path):
    bomb = np.array([Bomb(tmp_path / "ran")], dtype=object)
    np.savez(rep(folder, SEARCH).named("tickets/gammas.npz"), gammas=bomb, sizes=bomb)
    rep(folder, EARLY).checkpoint.parent.mkdir()
    rep(folder, EARLY).checkpoint.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(UserError, match="does not hold the gammas of a search"):
        report.write(folder)
    assert not (tmp_path / "ran").exists()


HOSTILE = r"<script>alert(1)</script> \input{/etc/passwd} | & $x$ `id`"


def test_what_a_directory_says_is_escaped_into_html_latex_and_markdown(folder):
    content = json.loads((folder / "cells.json").read_text())
    for number, cell in enumerate(content["cells"]):
        cell.update(label=f"{HOSTILE}{number}", model=HOSTILE)
    (folder / "cells.json").write_text(json.dumps(dict(content, study=HOSTILE)))
    page = report.write(folder)[0].read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert r"\input{" not in (folder / "table.tex").read_text()
    assert "<script>" not in (folder / "table.md").read_text()


def test_links_and_devices_in_a_sealed_stage_are_found(folder, tmp_path):
    (rep(folder).folder / "more").symlink_to(tmp_path)
    os.mkfifo(rep(folder).folder / "pipe")
    (rep(folder).folder / "gone").symlink_to(tmp_path / "nowhere")
    found = [sentence for sentence in verify.problems(results.load(folder)) if "is a link or a device" in sentence]
    assert [sentence.split(" is ")[0].rpartition("/")[2] for sentence in found] == ["gone", "more", "pipe"]
