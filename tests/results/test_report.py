import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from results import report
from tests.harness.recording import cells
from tests.results.conftest import write_study

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def page(study_dir):
    return report.write(study_dir)[0]


def test_the_page_needs_no_other_file_and_no_network(page):
    text = page.read_text()
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', text) == []
    assert "http" not in re.sub(r"data:[^\"]*", "", text)
    assert len(text) < 10e6


def test_the_verdict_comes_first_then_the_doubts(page):
    text = page.read_text()
    places = [text.index(f'id="{name}"') for name in ("verdict", "doubts", "tables", "figures", "method", "provenance")]
    assert places == sorted(places)
    assert "49.0 % simulated energy" in text
    assert "A study whose joules are known" in text


def test_simulated_power_is_told_at_the_top(page):
    text = page.read_text()
    assert text.index("Power is simulated") < text.index("<h2>Verdict")


def test_every_figure_and_table_file_is_in_it(page):
    text = page.read_text()
    assert text.count("data:image/svg+xml") == 3
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
    assert "<script>" not in text and "<img src=x" not in text and "<b>bold" not in text


def test_a_study_without_meters_still_has_a_report(tmp_path):
    text = report.write(write_study(tmp_path, meters=()))[0].read_text()
    assert "No saving can be stated" in text
    assert "no meter recorded this stage" in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_it_without_errors_or_sideways_scrolling(page, tmp_path, width):
    """The page as a whole fits the width; what is wider scrolls inside its own box."""
    probe = tmp_path / "probe.html"
    script = (
        "<script>addEventListener('load', () => document.title = "
        "document.documentElement.scrollWidth + ' of ' + innerWidth)</script></body>"
    )
    probe.write_text(page.read_text().replace("</body>", script))
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe src="{probe.name}" style="width:{width}px;height:4000px;border:0"></iframe>'
        "<script>addEventListener('load', () => document.body.append("
        "'MEASURED ' + frames[0].document.title))</script>"
    )
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    measured = re.search(r"MEASURED (\d+) of (\d+)", done.stdout)
    assert measured, done.stderr[-2000:]
    assert int(measured.group(1)) <= int(measured.group(2)) == width
    assert "CONSOLE" not in done.stderr
