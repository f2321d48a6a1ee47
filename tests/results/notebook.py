"""Runs the code cells of a notebook in order, without Jupyter: `python -m tests.results.notebook NOTEBOOK RUNS`.

Outputs are what a cell prints, and its last expression: a frame as HTML too, a figure as PNG.
"""

import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

RUNS = 'RUNS = "runs"'  # the line of the notebook that says where the runs are


def executed(notebook: dict[str, Any], runs: Path) -> dict[str, Any]:
    """The notebook with its outputs, from the runs in a directory."""
    names: dict[str, Any] = {}
    cells, count = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            count += 1
            source = "".join(cell["source"]).replace(RUNS, f"RUNS = {str(runs)!r}")
            cell = dict(cell, execution_count=count, outputs=_run(source, names, count))
        cells.append(cell)
    return dict(notebook, cells=cells)


def _run(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    tree, last = ast.parse(source), None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"<cell {count}>", "exec"), names)
        if last is not None:
            value = eval(compile(last, f"<cell {count}>", "eval"), names)
    found: list[dict[str, Any]] = []
    if printed.getvalue():
        found.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(True)})
    if value is not None:
        found.append({"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": _shown(value)})
    return found


def _shown(value: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"text/plain": repr(value).splitlines(True)}
    if hasattr(value, "to_html"):
        data["text/html"] = value.to_html().splitlines(True)
    if hasattr(value, "savefig"):
        picture = io.BytesIO()
        value.savefig(picture, format="png", dpi=80)
        data["image/png"] = base64.b64encode(picture.getvalue()).decode()
    return data


def main() -> None:
    path, runs = Path(sys.argv[1]), Path(sys.argv[2])
    found = executed(json.loads(path.read_text(encoding="utf-8")), runs)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
