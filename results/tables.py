"""Tables of a study as files: CSV in SI units for programs, Markdown and LaTeX for papers."""

import json as json_
import unicodedata
from pathlib import Path

import pandas as pd

from harness.summary import Sheet, aligned
from results import efficiency, output
from results.load import Study, load
from results.records import records
from results.sheets import sheets

SCHEMA = 1

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
}


ACCENTS = "\u0300\u0301\u0302\u0303\u0308\u030a\u030b\u030c\u0327"  # those of LaTeX's usual fonts

IDENTITY = ["cell", "method", "model", "dataset", "ratio", "seed", "repetition", "meter", "boundary"]
IDENTITY += ["simulated", "calibration"]


def main(study: Study, target: float | None = None) -> pd.DataFrame:
    """A row for each cell, repetition and meter; under a cell with a detector a row `detection` for all it detected.

    `target` is an accuracy (share): the energy up to it stands in columns of its own.
    """
    if study.runs.profiled:
        return _profile(study)
    bought = efficiency.frame(study, target).drop(columns=["flops", "flops_0.05P"], errors="ignore")
    cells, costs = study.cells.assign(row="cell"), study.detection
    if len(bought):
        cells = cells.merge(bought, on=["cell", "repetition", "meter"], how="left", validate="one_to_one")
    if not costs.empty:
        keys = ["cell", "repetition", "meter"]
        own = cells[IDENTITY].merge(_all_detections(costs), on=keys)
        place = {key: index for index, key in enumerate(zip(*(cells[key] for key in keys), strict=True))}
        both = pd.concat([cells, own], ignore_index=True)
        order = [place[key] for key in zip(*(both[key] for key in keys), strict=True)]
        cells = both.iloc[sorted(range(len(both)), key=order.__getitem__)].reset_index(drop=True)
    return cells.assign(table_schema=SCHEMA)


def _profile(study: Study) -> pd.DataFrame:
    """A row for each cell of a profile: what it would take; nothing in it was metered to its end."""
    cells = study.cells[[*IDENTITY, "flops"]].assign(row="composed", table_schema=SCHEMA)
    composed = study.composed
    if composed.empty:
        return cells
    return cells.merge(composed.drop(columns="simulated"), on=["cell", "repetition", "meter"], how="left")


def _all_detections(costs: pd.DataFrame) -> pd.DataFrame:
    """Energy, time and FLOPs of all the detections of each cell, from those of one."""
    count = costs["detections"]
    frame = costs[["cell", "repetition", "meter", "why_no_energy"]].assign(
        row="detection",
        energy_J=count * costs["energy_each_J"],
        time_s=count * costs["time_each_s"],
        flops=count * costs["flops_each"],
    )
    return frame.assign(mean_power_W=frame["energy_J"] / frame["time_s"])


def render(sheets: list[Sheet], frame: pd.DataFrame, kind: str) -> str:
    """A table as `text`, `markdown` or `latex` from its sheets, as `csv` or `json` from its frame."""
    if kind in ("csv", "json"):
        return csv(frame) if kind == "csv" else json(frame)
    return "\n".join(map({"text": text, "markdown": markdown, "latex": latex}[kind], sheets))


def text(sheet: Sheet) -> str:
    """A table without a line is its title and its notes: there is nothing for the header to stand above."""
    notes = "".join(f"  {note}\n" for note in sheet.notes)
    table = aligned([sheet.header, *sheet.lines]) + "\n" if sheet.lines else ""
    return f"{sheet.title}\n\n{table}{notes}"


def parquet(frame: pd.DataFrame, path: Path) -> None:
    """A file for programs, its schema number in a column as in CSV."""
    frame.to_parquet(path, index=False)


def csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")


def json(frame: pd.DataFrame) -> str:
    """Records under a schema number; what is not known is null."""
    return json_.dumps({"schema": SCHEMA, "rows": records(frame)}, indent=1) + "\n"


def markdown(sheet: Sheet) -> str:
    lines = [sheet.header, ["---" if index == 0 or not name else "---:" for index, name in enumerate(sheet.header)]]
    text = "".join("| " + " | ".join(map(_markdown, line)) + " |\n" for line in lines + sheet.lines)
    return f"**{_markdown(sheet.title)}**\n\n{text}\n" + "".join(f"- {_markdown(note)}\n" for note in sheet.notes)


def latex(sheet: Sheet) -> str:
    """A booktabs table that is made as narrow as the text, its notes under it; needs packages booktabs and graphicx."""
    columns = "".join("l" if index == 0 or not name else "r" for index, name in enumerate(sheet.header))
    body = "".join("  " + " & ".join(map(_latex, line)) + " \\\\\n" for line in sheet.lines)
    notes = "".join(f"\\par\\smallskip\\footnotesize\\raggedright {_latex(note)}\n" for note in sheet.notes)
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{_latex(sheet.title)}}}\n"
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
        f"\\begin{{tabular}}{{{columns}}}\n  \\toprule\n"
        f"  {' & '.join(map(_latex, sheet.header))} \\\\\n  \\midrule\n{body}  \\bottomrule\n"
        f"\\end{{tabular}}}}\n{notes}\\end{{table}}\n"
    )


def write(study_dir: Path | str, study: Study | None = None) -> list[Path]:
    """Write table.csv, table.md and table.tex into the folder of a study; returns their paths."""
    study = study or load(study_dir)
    contents = {"table.csv": csv(main(study)), **texts(sheets(study))}
    return [output.write(study.folder / name, content) for name, content in contents.items()]


def texts(found: list[Sheet]) -> dict[str, str]:
    """The files for papers, by name."""
    return {"table.md": "\n".join(map(markdown, found)), "table.tex": "\n".join(map(latex, found))}


def _markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _latex(text: str) -> str:
    indent = r"\quad " if text.startswith("  ") else ""
    return indent + "".join(LATEX.get(character) or _letter(character) for character in text)


def _letter(character: str) -> str:
    """What LaTeX sets without further packages; a question mark for anything else that a run directory may say."""
    if character.isascii():
        return character if character.isprintable() else " "
    parts = unicodedata.normalize("NFD", character)
    return character if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS else "?"
