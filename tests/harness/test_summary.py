import io
import json

import pytest

from harness import rundir, summary
from harness.ledger import StudyRuns
from harness.ledger.savings import savings, sentence
from tests.harness.recording import DENSE, EARLY, SEARCH, WORKS, cells, write_rep
from tests.harness.retold import retell
from tests.harness.test_ledger_charges import write_study
from tests.harness.timeline import attempt, killed, saved


@pytest.fixture(scope="module")
def study_dir(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


def shown(study_dir, terminal=False):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    summary.show(study_dir, stream)
    return stream.getvalue()


def test_each_method_has_a_row_and_the_ticket_one_of_its_own(study_dir):
    lines = shown(study_dir).splitlines()
    first_words = [line.split("  ")[0] for line in lines]
    for name in ("dense", "slimming 0.5", "early_bird 0.5"):
        assert name in first_words
    own = lines[first_words.index("early_bird 0.5") + 1]
    assert own.startswith("  finding the ticket") and own.endswith("in the row above")


def test_simulated_power_says_so_wherever_it_stands(study_dir):
    text = shown(study_dir)
    header = next(line for line in text.splitlines() if line.startswith("row"))
    assert header.count("simulated") == 3, "kJ, kJ net of idle, mean W"
    assert "J each (simulated)" in text
    assert "power is simulated" in text
    assert "less simulated energy than slimming" in text and "more simulated energy than dense" in text


def test_the_rows_hold_the_figures(study_dir):
    row = next(line for line in shown(study_dir).splitlines() if line.startswith("early_bird")).split()
    energy = next(r for r in StudyRuns.open(study_dir).rows() if r.cell["method"] == "early_bird").energy
    assert row[1:6] == ["0.5", "90.00", "95.00", "{:.5f}".format(energy.headline_J / 1000),
                        "{:.5f}".format(energy.net_J / 1000)]  # fmt: skip
    assert "8.400 G" in " ".join(row) and "2 shares its search" in " ".join(row)


@pytest.mark.parametrize(
    "classes, names", [(100, ["accuracy % end", "top-5 % end", "best"]), (10, ["accuracy % end", "best"])]
)
def test_top_5_has_a_column_where_it_tells_something(tmp_path, classes, names):
    folder = write_study(tmp_path)
    retell(tmp_path, accuracy_top5_final=0.975, classes=classes)
    (first, *_) = summary.sheets(StudyRuns.open(folder))
    assert first.header[1 : len(names) + 1] == names and {len(line) for line in first.lines} == {len(first.header)}
    early = next(line for line in first.lines if line[0].startswith("early_bird"))
    assert early[1 : len(names) + 1] == (["90.00", "97.50", "95.00"] if classes > 10 else ["90.00", "95.00"])
    assert {row["accuracy_top5_final"] for row in summary.as_json(folder)["rows"]} == {0.975}


def test_columns_line_up(study_dir):
    lines = shown(study_dir).split("\n\n")[1].splitlines()
    header = lines[0]
    end = header.index("best") + len("best")
    assert {line[end - 1 : end + 1] for line in lines[1:4]} == {"0 "}


def test_a_terminal_gets_a_frame(study_dir):
    text = shown(study_dir, terminal=True)
    assert "│" in text and "finding the ticket" in text


def test_json_carries_units_in_names(study_dir):
    content = summary.as_json(study_dir)
    json.dumps(content)
    assert [row["cell"].split("-")[0] for row in content["rows"]] == ["dense", "slimming", "early_bird"]
    early = content["rows"][2]
    assert early["energy_J"] > early["energy_net_J"] > 0
    assert early["detection"]["joules"] > 0 and early["simulated"] is True
    assert len(content["savings"]) == 2


def test_the_cheapest_pruning_is_compared_with_both_baselines(tmp_path):
    folder = write_study(tmp_path)
    rows = StudyRuns.open(folder).rows()
    cheap = rows[2]._replace(energy=rows[2].energy._replace(headline_J=rows[0].energy.headline_J / 4))
    found = savings([rows[0], rows[1], cheap])
    assert [(s.best.method, s.baseline.method) for s in found] == [("early_bird", "dense"), ("early_bird", "slimming")]
    assert found[0].energy == pytest.approx(0.75)
    assert sentence(found[0]) == (
        "early_bird at ratio 0.5 needs 75.0 % less simulated energy than dense: 0.01356 instead of 0.05424 kJ "
        "(vgg16 on digits, accuracy +0.00 points)"
    )


def test_nothing_is_compared_with_a_row_that_has_no_figure(study_dir):
    rows = StudyRuns.open(study_dir).rows()
    assert savings([row._replace(energy=row.energy._replace(headline_J=None)) for row in rows]) == []


def test_a_resumed_row_and_one_without_an_early_bird_are_marked(tmp_path):
    work = WORKS[SEARCH]._replace(draws=(("consecutive-0.5", 4), ("end-0.5", 4)))
    first = killed(attempt(work), 20)
    folder = write_study(tmp_path, {SEARCH: [first, attempt(work, 2, saved(first))]})
    row = next(line for line in shown(folder).splitlines() if line.startswith("early_bird"))
    assert "no early bird fired" in row and "resumed, 0.0" in row and "kJ lost" in row


def test_what_is_not_finished_says_so(tmp_path):
    folder = write_study(tmp_path, {EARLY: [killed(attempt(WORKS[EARLY]), 12)]})
    text = shown(folder)
    row = next(line for line in text.splitlines() if line.startswith("early_bird"))
    assert "no figure: see below" in row
    assert "stage {} is not finished".format(EARLY) in text


def test_what_is_not_begun_says_so(tmp_path):
    folder = write_study(tmp_path)
    rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1).manifest.unlink()
    assert "not begun: dense-vgg16-digits-seed1" in shown(folder)


def test_a_row_of_which_one_stage_waits_is_not_called_not_begun(tmp_path):
    folder = write_study(tmp_path)
    board = rundir.Machine(tmp_path / "runs", "board-abc123")
    board.rep(EARLY, 1).manifest.unlink()
    board.rep(DENSE, 1).manifest.unlink()
    text = shown(folder)
    assert "  begun, but some stages still wait: early_bird-vgg16-digits-0.5-seed1\n" in text
    assert "  not begun: dense-vgg16-digits-seed1\n" in text


def test_a_mixture_is_told_on_the_board_too(tmp_path):
    folder = write_study(tmp_path)
    manifest = rundir.Machine(tmp_path / "runs", "board-abc123").rep(DENSE, 1).manifest
    manifest.write_text(manifest.read_text().replace("dc_input", "ac_wall"))
    text = shown(folder)
    assert "Meter wall sat at different boundaries: ac_wall in stage {}".format(DENSE) in text
    assert "imitated: power is simulated, no joule in this table was measured on a board; MIXED, see below\n" in text
    assert "energy than" not in text, "no saving: it would compare places, not methods"
    plain = summary.as_json(folder)
    assert plain["savings"] == [] and len(plain["mixed"]) == 1


def test_each_meter_has_a_column(tmp_path):
    folder = write_study(tmp_path, meters=("wall", "rail"))
    header = next(line for line in shown(folder).splitlines() if line.startswith("row"))
    assert "simulated kJ rail" in header


def test_without_a_meter_accuracy_and_flops_are_still_tabulated(tmp_path):
    folder = write_study(tmp_path, meters=())
    text = shown(folder)
    assert "no meter recorded this stage" in text
    assert "12.00 G" in text and "simulated" not in text


def test_repetitions_are_rows(tmp_path):
    folder = write_study(tmp_path)
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    for stage, work in WORKS.items():
        write_rep(machine.rep(stage, 2), [attempt(work)])
    (folder / "cells.json").write_text(json.dumps(dict(cells(), repetitions=2)))
    text = shown(folder)
    assert "dense rep 1" in text and "dense rep 2" in text
