import numpy as np
import pytest

import results
from harness.errors import UserError
from results import figures
from results.figures import distances
from results.figures.power import envelope
from tests.harness.recording import SEARCH, WORKS
from tests.harness.timeline import attempt, killed, saved
from tests.results.conftest import GAMMAS, SIZES, write_study
from workloads.tickets import channel_mask, mask_distance


def test_every_figure_says_what_it_shows():
    for name in figures.names():
        assert figures.find(name).CAPTION.endswith(".")


def test_an_unknown_figure_is_named_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'power'"):
        figures.find("powr")


def test_figures_are_written_in_each_format_and_the_same_twice(study, tmp_path):
    first = figures.write(study, tmp_path / "a", formats=("png", "svg", "pdf"))
    second = figures.write(study, tmp_path / "b", formats=("png", "svg", "pdf"))
    assert {path.stem for path in first} >= {"power", "energy", "distances"}
    for one, other in zip(first, second, strict=True):
        assert one.stat().st_size > 1000
        assert one.read_bytes() == other.read_bytes()


def test_no_peak_is_lost_between_pixels():
    t = np.arange(100000, dtype=np.int64) * 10**7
    power = np.full(len(t), 5.0)
    power[54321] = 30.0
    power[12345] = 0.5
    band = envelope(t, power, 0, int(t[-1]), pixels=500)
    assert np.nanmax(band.high_W) == 30.0 and np.nanmin(band.low_W) == 0.5
    assert len(band.low_W) == 500
    peak = int(54321 * 10**7 / t[-1] * 500)
    assert band.high_W[peak] == 30.0


def test_time_without_samples_stays_empty():
    t = np.concatenate([np.arange(100), np.arange(900, 1000)]).astype(np.int64) * 10**7
    band = envelope(t, np.ones(len(t)), -(10**9), int(t[-1]), pixels=50)
    assert np.isnan(band.low_W[:2]).all() and not np.isnan(band.low_W[-1])


def test_mask_distances_are_those_of_the_detector():
    matrix = distances.distances((GAMMAS, SIZES), 0.5)
    masks = [channel_mask(np.split(row, [8]), 0.5) for row in GAMMAS]
    expected = [[mask_distance(a, b) for b in masks] for a in masks]
    assert matrix == pytest.approx(np.array(expected))


def test_the_drawn_epoch_is_marked(study):
    axes = distances.draw(study).axes[0]
    assert axes.get_title() == "ratio 0.5: drawn after epoch 2"
    assert {line.get_xdata()[0] for line in axes.lines if line.get_xdata()[0] == line.get_xdata()[1]} == {1}


@pytest.mark.parametrize(
    "content",
    [b"not a zip", None, {"gammas": GAMMAS}, {"gammas": GAMMAS, "sizes": np.array([3])},
     {"gammas": np.array([object()]), "sizes": SIZES}],
)  # fmt: skip
def test_gammas_that_are_damaged_or_would_be_unpickled_are_refused(tmp_path, content):
    folder = write_study(tmp_path)
    run = next(run for run in results.load(folder).runs.runs() if run.name == SEARCH)
    path = run.rep.named("tickets/gammas.npz")
    path.write_bytes(content if isinstance(content, bytes) else b"")
    if isinstance(content, dict):
        np.savez(path, **content)
    with pytest.raises(UserError, match="does not hold the gammas of a search"):
        distances.gammas(run)


def test_energy_bars_hold_every_phase(study):
    from results.figures import energy

    axes = energy.draw(study).axes[0]
    kJ = sum(patch.get_width() for patch in axes.patches)
    counted = study.phases[study.phases["headline"] | study.phases["phase"].isin(["evaluate", "checkpoint"])]
    assert kJ == pytest.approx(counted["attributed_energy_J"].sum() / 1000)
    assert "simulated" in axes.get_xlabel()


def test_a_resumed_stage_is_drawn_with_what_was_lost(tmp_path):
    from results.figures import power

    first = killed(attempt(WORKS[SEARCH]), 22)
    folder = write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first))]})
    figure = power.draw(results.load(folder))
    assert "lost work" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_study_without_meters_has_no_energy_to_draw(tmp_path):
    study = results.load(write_study(tmp_path, meters=()))
    written = figures.write(study, tmp_path / "figures")
    assert {path.stem for path in written} == {"distances"}
