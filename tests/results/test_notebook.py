"""The worked notebook in docs: as it stands, and as it runs on any study."""

import json
from pathlib import Path

import pytest

from tests.results.notebook import RUNS, executed

PATH = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def notebook():
    return json.loads(PATH.read_text(encoding="utf-8"))


def test_it_has_been_run_and_says_simulated(notebook):
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 4)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["outputs"] for cell in code)
    assert "simulated" in "".join(code[0]["outputs"][0]["text"])
    assert PATH.stat().st_size < 200_000


def test_it_runs_from_top_to_bottom_on_another_study(notebook, study_dir):
    assert any(RUNS in "".join(cell["source"]) for cell in notebook["cells"])
    again = executed(notebook, study_dir)
    code = [cell for cell in again["cells"] if cell["cell_type"] == "code"]
    assert "imitated" in "".join(code[0]["outputs"][0]["text"])
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
