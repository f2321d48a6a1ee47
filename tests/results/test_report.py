import base64
import gzip
import io
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from results import figures, report
from tests.harness.recording import cells
from tests.results.conftest import write_study

SECTIONS = ("verdict", "doubts", "tables", "timeline", "figures", "method", "provenance")


@pytest.fixture(scope="module")
def page(study_dir):
    return report.write(study_dir)[0]


def test_the_page_needs_no_other_file_and_no_network(page):
    text = page.read_text()
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', text) == []
    packed = r'data:[^"]*|<script type="text/plain".*?</script>|"(?:packed|times)": "[^"]*"'
    assert "http" not in re.sub(packed, "", text)
    assert len(text) < 10e6


def test_the_verdict_comes_first_then_the_doubts(page):
    text = page.read_text()
    places = [text.index(f'id="{name}"') for name in SECTIONS]
    assert places == sorted(places)
    assert "49.0 % simulated energy" in text
    assert "A study whose joules are known" in text


def test_simulated_power_is_told_at_the_top(page):
    text = page.read_text()
    assert text.index("Power is simulated") < text.index("<h2>Verdict")


def test_every_figure_with_its_data_and_every_table_file_is_in_it(page):
    text = page.read_text()
    names = {path.stem for path in (page.parent / "figures").iterdir()}
    assert names >= {"energy", "power", "setup", "pareto", "distances", "uncertainty"}
    assert text.count("data:image/svg+xml") == len(names)
    for name in names:
        assert re.search(f'download="{name}.csv(.gz)?"', text)
    for name in ("table.csv", "table.md", "table.tex"):
        assert f'download="{name}"' in text


def test_tags_are_balanced(page):
    class Balance(HTMLParser):
        void = {"meta", "img", "br", "link", "input"}

        def __init__(self):
            super().__init__()
            self.stack = []

        def handle_starttag(self, tag, attributes):
            if tag not in self.void:
                self.stack.append(tag)

        def handle_endtag(self, tag):
            assert self.stack.pop() == tag

    parser = Balance()
    parser.feed(page.read_text())
    assert parser.stack == []


def test_what_a_run_directory_says_is_escaped(tmp_path):
    folder = write_study(tmp_path)
    content = cells()
    content["study"] = "<script>alert(1)</script>"
    content["cells"][0]["label"] = "<img src=x onerror=alert(2)>"
    (folder / "cells.json").write_text(json.dumps(content))
    (folder / "study.toml").write_text('title = "<b>bold</b>"\n')
    text = report.write(folder)[0].read_text()
    assert "<script>alert" not in text and "<img src=x" not in text and "<b>bold" not in text


def test_names_in_the_timeline_cannot_end_its_script(tmp_path):
    asked = {"role": "</script><script>alert(1)</script>"}
    text = report.write(write_study(tmp_path, full=asked))[0].read_text()
    assert "</script><script>alert" not in text


def test_the_data_behind_a_figure_are_what_it_was_drawn_from(page, study):
    text = page.read_text()
    name, uri = re.search(r'download="(power.csv.gz|power.csv)" href="data:[^,]*,([^"]*)"', text).groups()
    content = base64.b64decode(uri)
    frame = pd.read_csv(io.BytesIO(gzip.decompress(content) if name.endswith("gz") else content))
    drawn = figures.find("power").data(study)
    assert list(frame.columns) == list(drawn.columns) and len(frame) == len(drawn)
    assert frame["high_W"].max() == pytest.approx(drawn["high_W"].max())


def test_what_cannot_be_drawn_is_told(page):
    assert "every ticket of this study was drawn at one" in page.read_text()


def test_a_study_without_meters_still_has_a_report(tmp_path):
    text = report.write(write_study(tmp_path, meters=()))[0].read_text()
    assert "No saving can be stated" in text
    assert "no meter recorded this stage" in text
