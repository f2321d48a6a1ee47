"""The report as a reader meets it: opened in headless Chromium, sorted, zoomed, on a phone."""

import numpy as np
import pytest

from benchmarks.recorded import study
from harness import rundir
from results import report
from tests.harness.recording import DENSE, write_trace
from tests.results.browser import PROGRAM, Browser
from tests.results.conftest import write_study

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here")

PLOTTED = "!!document.querySelector('#plot .scatterlayer .trace')"
POINTS = (
    "document.getElementById('plot').data.filter((trace) => trace.yaxis === 'y2').map((trace) => trace.y.length)[0]"
)
HIGHEST = "Math.max(...document.getElementById('plot').data.filter((trace) => trace.yaxis === 'y2')[0].y)"
NOTE = "document.getElementById('plot-note').textContent"
SPIKE_W = 31.0
LEEWAY = 5  # on a machine that is busy with other things


@pytest.fixture(scope="module")
def page(study_dir):
    return report.write(study_dir)[0]


@pytest.fixture(scope="module", params=[1280, 390], ids=["desktop", "phone"])
def opened(request, page, tmp_path_factory):
    profile = tmp_path_factory.mktemp("profile")
    with Browser(profile, request.param, 844, mobile=request.param < 500) as browser:
        browser.open(page)
        browser.wait(PLOTTED)
        yield browser


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A stage with many samples, one of which is a spike."""
    folder = write_study(tmp_path_factory.mktemp("long"))
    rep = rundir.Rep(folder.parents[1] / "stages" / DENSE / "rep-1")
    t_ns = 10**12 + np.arange(-(10**8), 13 * 10**9, 3 * 10**5, dtype=np.int64)
    watts = 5 + np.sin(np.arange(len(t_ns)) / 1000)
    watts[len(watts) // 3] = SPIKE_W
    write_trace(rep.trace("wall", 1), list(zip(t_ns.tolist(), watts.tolist(), strict=True)), "wall", 1)
    return report.write(folder)[0]


def test_it_shows_without_errors_and_asks_for_nothing(opened):
    assert opened.errors == []
    assert {url.split(":")[0] for url in opened.requests} <= {"file", "data", "blob"}


def test_the_page_itself_does_not_scroll_sideways(opened):
    width, inner = opened.run("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner


def test_a_click_on_a_heading_sorts_and_a_part_stays_with_its_row(opened):
    click = "[...document.querySelectorAll('#tables th button')].find((b) => b.textContent === 'simulated kJ').click()"
    first = "[...document.querySelector('#tables tbody').rows].map((row) => row.cells[0].textContent.trim())"
    opened.run(click)
    assert opened.run(first) == ["dense", "early_bird 0.5", "finding the ticket", "slimming 0.5"]
    opened.run(click)
    assert opened.run(first) == ["slimming 0.5", "early_bird 0.5", "finding the ticket", "dense"]


def test_the_legend_of_the_timeline_covers_no_title(opened):
    title, legend = (
        opened.run(f"document.querySelector('#plot {name}').getBoundingClientRect().{edge}")
        for name, edge in ((".xtitle", "bottom"), (".legend", "top"))
    )
    assert title <= legend


def test_another_stage_can_be_chosen(opened):
    before = opened.run("document.getElementById('plot').layout.xaxis.range[1]")
    opened.run("(() => { const s = document.getElementById('plot-stage'); s.value = 1; "
               "s.dispatchEvent(new Event('change')); })()")  # fmt: skip
    opened.wait(f"document.getElementById('plot').layout.xaxis.range[1] !== {before}")
    assert opened.errors == []


def test_a_drag_zooms_in_to_every_sample_and_a_button_out_again(long, tmp_path):
    with Browser(tmp_path) as browser:
        browser.open(long)
        browser.wait(PLOTTED)
        assert "the lowest and the highest of about" in browser.run(NOTE)
        assert browser.run(HIGHEST) == SPIKE_W
        coarse = browser.run(POINTS)
        browser.run("document.getElementById('plot').scrollIntoView({ block: 'center' })")
        x, y, width = browser.run(
            "(() => { const box = document.querySelector('#plot .nsewdrag').getBoundingClientRect(); "
            "return [box.x, box.y + box.height / 2, box.width]; })()"
        )
        _drag(browser, x + 0.5 * width, x + 0.52 * width, y)
        browser.wait("document.getElementById('plot').layout.xaxis.range[0] > 1")
        browser.wait(f"({NOTE}).startsWith('Every sample')")
        first = browser.run("document.getElementById('plot').layout.xaxis.range")
        assert 0.1 < first[1] - first[0] < 0.5
        assert browser.run(POINTS) < coarse
        browser.run("document.querySelector('#plot [data-title=\"Reset axes\"]').dispatchEvent(new Event('click'))")
        browser.wait("document.getElementById('plot').layout.xaxis.range[0] === 0")
        browser.wait(f"{HIGHEST} === {SPIKE_W}")
        assert browser.errors == []


def test_three_days_at_10_Hz_open_at_once_and_take_little_room(tmp_path):
    page = report.write(study(tmp_path / "runs", 3.0, 10.0, 1))[0]
    assert page.stat().st_size <= 10e6
    with Browser(tmp_path) as browser:
        seconds = browser.open(page) + browser.wait(PLOTTED)
        assert seconds <= 3.0 * LEEWAY, f"opened and drawn in {seconds:.1f} s"
        assert browser.errors == []


def test_names_from_a_foreign_directory_run_nothing(tmp_path):
    evil = "<img src=x onerror='window.hacked=1'><a href='javascript:window.hacked=1'>x<|a>"
    asked = {"role": evil, "model": "</script><script>window.hacked=1</script>"}
    folder = write_study(tmp_path / "study", meters=(evil,), full=asked)
    with Browser(tmp_path) as browser:
        browser.open(report.write(folder)[0])
        browser.wait(PLOTTED)
        assert browser.run("[window.hacked, document.querySelectorAll('img[src=x]').length]") == [None, 0]
        assert browser.errors == []


def _drag(browser, start, stop, y):
    _mouse(browser, "mousePressed", start, y)
    for x in np.linspace(start, stop, 5)[1:].tolist():
        _mouse(browser, "mouseMoved", x, y)
    _mouse(browser, "mouseReleased", stop, y)


def _mouse(browser, kind, x, y):
    browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
