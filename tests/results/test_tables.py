import io
import json
import shutil
import subprocess

import pandas as pd
import pytest

import results
from harness import rundir
from harness.summary import Sheet
from results import export, tables
from results.sheets import sheets
from tests.harness.recording import DENSE, WORKS, step_samples, write_trace
from tests.harness.retold import retell
from tests.harness.timeline import MS, WATTS, attempt
from tests.results.conftest import write_study

HOSTILE = Sheet("50 % & <b>_x_</b>", ["row", "a|b", ""], [["m_1 {x}", "1 $", "~^\\#"]], ["note 100 %\n\\input{x}"])


def test_csv_keeps_one_row_per_cell_and_one_for_what_its_detector_cost(study):
    frame = pd.read_csv(io.StringIO(tables.csv(tables.main(study))))
    assert list(frame["row"]) == ["cell", "cell", "cell", "detection"]
    assert frame["table_schema"].eq(1).all() and frame["simulated"].all()
    cell, own = frame.iloc[2], frame.iloc[3]
    assert own["cell"] == cell["cell"] and own["method"] == "early_bird"
    cost = study.detection.iloc[0]
    assert own["energy_J"] == pytest.approx(2 * cost["energy_each_J"])
    assert cell["energy_J"] == study.cells["energy_J"].iloc[2], "CSV does not round"


def test_json_keeps_every_digit_and_knows_what_is_not_known(study, tmp_path):
    frame = tables.main(study).assign(energy_per_flop_J=2.4712345e-11)
    rows = json.loads(tables.json(frame))["rows"]
    assert {row["energy_per_flop_J"] for row in rows} == {2.4712345e-11}
    assert [row["energy_J"] for row in rows] == list(frame["energy_J"])
    assert rows[0]["ratio"] is None and rows[0]["simulated"] is True and rows[0]["seed"] == 1
    assert json.loads(tables.json(frame.assign(energy_J=float("inf"))))["rows"][0]["energy_J"] is None
    export.write(study, tmp_path, "json")
    kept = json.loads((tmp_path / "epochs.json").read_text())["rows"]
    assert [row["energy_J"] for row in kept] == list(study.epochs["energy_J"])


def test_top_5_is_in_the_frames_and_has_a_column_of_its_own(tmp_path):
    folder = write_study(tmp_path)
    retell(tmp_path, {"accuracy": 0.5, "accuracy_top5": 0.75}, accuracy_top5_final=0.975, classes=100)
    study = results.load(folder)
    assert study.cells["accuracy_top5_end"].eq(0.975).all()
    assert study.epochs["accuracy_top5"].eq(0.75).all() and study.epochs["accuracy"].eq(0.5).all()
    sheet = sheets(study)[0]
    assert sheet.header[1:4] == ["accuracy % end", "top-5 % end", "best"]
    assert sheet.lines[0][1:4] == [
        "90.00",
        "97.50",
        "95.00",
    ]
    assert {len(line) for line in sheet.lines} == {len(sheet.header)}


def test_a_run_from_before_top_5_was_kept_has_none(study):
    assert study.cells["accuracy_top5_end"].isna().all() and study.epochs["accuracy_top5"].isna().all()
    assert "top-5 % end" not in sheets(study)[0].header


def test_a_meter_without_a_figure_says_why_beside_the_one_that_has_one(tmp_path):
    folder = write_study(tmp_path, meters=("wall", "other"))
    rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1).trace("other", 1).unlink()
    sheet = next(one for one in sheets(results.load(folder)) if one.title == "the same work on each meter")
    wall, other = (line for line in sheet.lines if line[0] == "dense")
    assert wall[3] != "–" and wall[-1] == ""
    assert other[3] == "–" and other[-1] == "no figure: see below"
    assert any(note.startswith("dense on other: meter other left no trace of attempt 1") for note in sheet.notes)


def phases(study):
    return next(sheet for sheet in sheets(study) if sheet.title == "energy by phase").lines


def test_shares_of_the_headline_are_those_of_the_meter_that_is_shown(tmp_path):
    folder = write_study(tmp_path, meters=("wall", "other"))
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    for stage, work in WORKS.items():
        samples = step_samples(attempt(work), 300 * MS, {phase: 3 * watts for phase, watts in WATTS.items()})
        write_trace(machine.rep(stage, 1).trace("other", 1), samples, "other", 1)
    shares = [float(line[4]) for line in phases(results.load(folder)) if line[0] == "dense" and line[4]]
    assert shares and sum(shares) == pytest.approx(100, abs=0.1)


def test_phases_of_two_models_can_be_told_apart(tmp_path):
    folder = write_study(tmp_path)
    content = json.loads((folder / "cells.json").read_text())
    content["cells"][0]["model"] = "resnet18"
    (folder / "cells.json").write_text(json.dumps(content))
    names = {line[0] for line in phases(results.load(folder))}
    assert names == {"dense resnet18", "slimming 0.5 vgg16", "early_bird 0.5 vgg16"}


def test_json_carries_a_schema_and_null_for_what_is_not_known(study):
    content = json.loads(tables.json(tables.main(study)))
    assert content["schema"] == 1
    assert content["rows"][0]["epochs_searched"] is None and content["rows"][2]["epochs_searched"] == 2


def test_markdown_is_a_table_whose_cells_cannot_break_it():
    text = tables.markdown(HOSTILE)
    lines = text.splitlines()
    assert lines[2] == "| row | a\\|b |  |" and lines[3] == "| --- | ---: | --- |"
    assert "<b>" not in text
    assert lines[-1].startswith("- note 100 % ")


def test_latex_escapes_what_a_run_directory_says():
    text = tables.latex(HOSTILE)
    assert r"m\_1 \{x\} & 1 \$ & \textasciitilde{}\textasciicircum{}\textbackslash{}\#" in text
    assert "\n\\input" not in text
    assert r"\toprule" in text and r"\begin{tabular}{lrl}" in text
    assert r"note 100 \% \textbackslash{}input\{x\}" in text, "a note is printed, not run"


def test_latex_sets_letters_and_nothing_that_would_stop_it():
    sheet = Sheet("Zoë’s 漢 \u202e run\x07", ["row"], [["→ µ <| x"], ["  of it"]], [])
    assert r"\caption{Zoë?s ? ? run }" in tables.latex(sheet) and r"? ? \textless{}\textbar{} x \\" in tables.latex(
        sheet
    )
    assert r"\quad   of it \\" in tables.latex(sheet)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed here")
def test_latex_compiles(study, tmp_path):
    from results.published import layout
    from results.sheets import sheets

    letters = Sheet("".join(map(chr, range(0x20, 0x180))), ["row"], [["–"]], ["".join(map(chr, range(0x180)))])
    body = "\n".join(tables.latex(sheet) for sheet in [*sheets(study), *layout.sheets(), HOSTILE, letters])
    page = "\\documentclass{article}\\usepackage{booktabs,graphicx}\\begin{document}\n" + body + "\\end{document}\n"
    (tmp_path / "page.tex").write_text(page)
    subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path, check=True)


def test_everything_is_written_beside_the_study(study_dir):
    written = tables.write(study_dir)
    assert [path.name for path in written] == ["table.csv", "table.md", "table.tex"]
    assert {path.parent for path in written} == {study_dir}
    assert "simulated" in written[1].read_text()
