"""The report: one self-contained HTML file, the verdict first, with tables, figures and where they come from."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from results import figures, provenance, tables
from results.load import Study, load
from results.methods import Saving, methods, savings, sentence
from results.sheets import sheets

KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".csv": "text/csv", ".md": "text/markdown", ".tex": "text/x-tex"}


def write(study_dir: Path | str, **reading: bool) -> list[Path]:
    """Write report.html, tables and figures into a study's folder; returns their paths, the report first.

    `reading`: options of `results.load`.
    """
    study = load(study_dir, **reading)
    written = tables.write(study.folder, study)
    drawn = figures.write(study, study.folder / "figures")
    page = study.folder / "report.html"
    page.write_text(render(study, written, drawn), encoding="utf-8")
    return [page, *written, *drawn]


def render(study: Study, files: list[Path], drawn: list[Path]) -> str:
    """The page; what runs elsewhere have written into their directories is escaped."""
    environment = Environment(loader=PackageLoader("results"), autoescape=True, undefined=StrictUndefined)
    runs = study.runs.runs()
    stages = provenance.stages(study.runs)
    return environment.get_template("report.html.j2").render(
        name=study.name,
        title=_title(study),
        machine=study.folder.parent.parent.name,
        started=min((stage["started_utc"] for stage in stages if stage["started_utc"]), default=""),
        simulated=any(run.simulated(meter) for run in runs for meter in run.meters),
        verdict=[_verdict(saving) for saving in savings(methods(study.runs.rows(), study.energies))],
        doubts=study.doubts,
        sheets=sheets(study),
        downloads=[{"name": path.name, "uri": data_uri(path)} for path in files],
        figures=[
            {"uri": data_uri(path), "caption": figures.find(path.stem).CAPTION}
            for path in drawn
            if path.suffix == ".svg"
        ],
        channels=provenance.meters(study.runs),
        facts=provenance.machine(study.runs),
        stages=stages or [{"stage": "none was begun"}],
    )


def data_uri(path: Path) -> str:
    """A file as a link that needs no other file."""
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _title(study: Study) -> str:
    import tomllib

    try:
        asked = tomllib.loads(study.runs.folder.study.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return study.name
    return str(asked.get("title") or study.name)


def _verdict(saving: Saving) -> dict[str, Any]:
    sign = "−" if saving.saved.value >= 0 else "+"
    word = " simulated energy" if saving.simulated else " energy"
    return {"number": f"{sign}{100 * abs(saving.saved.value):.1f} %{word}", "words": sentence(saving) + "."}
