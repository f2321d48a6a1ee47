import json

import pytest
from click.testing import CliRunner

from harness.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)


def test_report_prints_what_it_wrote(study_dir):
    done = run("report", study_dir.parents[2])
    assert done.exit_code == 0
    names = [line.rsplit("/", 1)[1] for line in done.output.splitlines()]
    assert names[0] == "report.html" and "table.csv" in names and "power.png" in names
    assert json.loads(run("report", "--json", study_dir).output)[0].endswith("report.html")


@pytest.mark.parametrize(
    "kind, sign",
    [("text", "finding the ticket"), ("csv", "cell,method,"), ("markdown", "| method |"), ("latex", r"\toprule"),
     ("json", '"schema": 1')],
)  # fmt: skip
def test_table_prints_each_format(study_dir, kind, sign):
    done = run("table", study_dir, "--format", kind)
    assert done.exit_code == 0 and sign in done.output


def test_a_table_is_written_into_a_folder_that_is_not_there_yet(study_dir, tmp_path):
    assert run("table", study_dir, "--format", "csv", "--out", tmp_path / "new" / "table.csv").exit_code == 0
    assert (tmp_path / "new" / "table.csv").read_text().startswith("cell,method,")


def test_the_table_ends_with_its_doubts(study_dir):
    assert "  doubt: There is one repetition with one seed" in run("table", study_dir).output


def test_table_json_is_on_every_verb(study_dir):
    assert len(json.loads(run("table", study_dir, "--json").output)["rows"]) == 4


def test_figure_draws_what_is_asked_for(study_dir, tmp_path):
    done = run("figure", study_dir, "energy", "--format", "pdf", "--out", tmp_path)
    assert done.output.splitlines() == [str(tmp_path / "energy.pdf")]
    assert (tmp_path / "energy.pdf").read_bytes().startswith(b"%PDF")


def test_figure_in_the_style_of_a_paper_is_one_column_wide(study_dir, tmp_path):
    run("figure", study_dir, "energy", "--format", "svg", "--style", "paper", "--out", tmp_path)
    assert 'width="241.2pt"' in (tmp_path / "energy.svg").read_text()


def test_a_figure_that_cannot_be_drawn_fails_and_says_why(study_dir, tmp_path):
    from harness.errors import UserError

    with pytest.raises(UserError, match="nothing that was asked for"):
        run("figure", study_dir, "draw_flops", "--out", tmp_path)


def test_an_unknown_figure_is_a_sentence(study_dir):
    from harness.errors import UserError

    with pytest.raises(UserError, match="there are: .*distances, .*energy, .*power"):
        run("figure", study_dir, "powers")
