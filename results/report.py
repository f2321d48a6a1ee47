"""The report: one self-contained HTML file, the verdict first, with tables, figures and where they come from."""

import base64
import gzip
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.summary import Sheet
from results import composed, figures, interactive, output, provenance, tables
from results.figures import Drawn
from results.load import Study, load
from results.methods import Saving, methods, savings, sentence
from results.sheets import sheets
from results.sorting import key

KINDS = {
    ".svg": "image/svg+xml",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".tex": "text/x-tex",
    ".gz": "application/gzip",
}
LARGEST_PLAIN = 100_000  # bytes of data behind a figure that are embedded as they are


def write(study_dir: Path | str, **reading: Any) -> list[Path]:
    """Write report.html, tables and figures into a study's folder; returns their paths, the report first.

    `reading`: options of `results.load`.
    """
    study = load(study_dir, **reading)
    written = tables.write(study.folder, study)
    drawn = figures.drawn(study, study.folder / "figures")
    page = output.write(study.folder / "report.html", render(study, written, drawn))
    return [page, *written, *(path for one in drawn for path in one.files)]


def write_all(study_dir: Path | str) -> list[Path]:
    """The report of a study that has just run, and that of its other form, which shows composed beside metered too."""
    other = composed.neighbour(load(study_dir).runs)
    return write(study_dir) + (write(other) if other is not None and (other / "report.html").is_file() else [])


def render(study: Study, files: list[Path], drawn: list[Drawn]) -> str:
    """The page; what runs elsewhere have written into their directories is escaped."""
    stages = provenance.stages(study.runs)
    timeline = interactive.payload(study)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            **_findings(study),
            name=study.name,
            title=str(study.asked.get("title") or study.name),
            machine=study.folder.parent.parent.name,
            started=min((stage["started_utc"] for stage in stages if stage["started_utc"]), default=""),
            simulated=study.simulated,
            downloads=[{"name": path.name, "uri": data_uri(path.name, path.read_bytes())} for path in files],
            timeline=timeline,
            plotly=interactive.plotly() if timeline["stages"] else "",
            figures=[_figure(one) for one in drawn if not one.lacking],
            lacking=[one.lacking for one in drawn if one.lacking],
            channels=provenance.meters(study.runs),
            facts=provenance.machine(study.runs),
            stages=stages or [{"stage": "none was begun"}],
        )
    )


def findings(study: Study) -> str:
    """Verdict, doubts and tables as they stand in the page: what `verify` looks for in it."""
    return _environment().get_template("findings.html.j2").render(**_findings(study))


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("results"), autoescape=True, undefined=StrictUndefined)
    environment.filters["sort_key"] = key
    return environment


def _findings(study: Study) -> dict[str, Any]:
    found = savings(methods(study.runs.rows(), study.energies))
    return {
        "verdict": [_verdict(saving) for saving in found],
        "doubts": study.doubts,
        "sheets": [_without(sheet, {sentence(saving) for saving in found}) for sheet in sheets(study)],
    }


def _without(sheet: Sheet, said: set[str]) -> Sheet:
    """A sheet without the notes that stand elsewhere on the page."""
    return sheet._replace(notes=[note for note in sheet.notes if note not in said])


def data_uri(name: str, content: bytes) -> str:
    """A file as a link that needs no other file."""
    return f"data:{KINDS[Path(name).suffix]};base64,{base64.b64encode(content).decode()}"


def _figure(drawn: Drawn) -> dict[str, str]:
    """The picture, and the data behind it: CSV, compressed where there is much of it."""
    picture = next(path for path in drawn.files if path.suffix == ".svg")
    name, content = f"{drawn.name}.csv", drawn.data.to_csv(index=False, float_format="%.7g").encode()
    if len(content) > LARGEST_PLAIN:
        name, content = f"{name}.gz", gzip.compress(content, 6, mtime=0)
    return {
        "name": drawn.name,
        "caption": drawn.caption,
        "uri": data_uri(picture.name, picture.read_bytes()),
        "data_name": name,
        "data_uri": data_uri(name, content),
    }


def _verdict(saving: Saving) -> dict[str, Any]:
    sign = "−" if saving.saved.value >= 0 else "+"
    word = " simulated energy" if saving.simulated else " energy"
    return {"number": f"{sign}{100 * abs(saving.saved.value):.1f} %{word}", "words": sentence(saving) + "."}
