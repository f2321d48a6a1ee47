import json
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import results
from harness.crosscheck.result import CrossCheck
from harness.errors import UserError
from results import figures
from results.figures import distances, style
from tests.harness.recording import SEARCH, WORKS
from tests.harness.timeline import attempt, killed, saved
from tests.results.conftest import GAMMAS, SIZES, write_study
from workloads.tickets import channel_mask, mask_distance

DRAWS = {"draw_accuracy", "draw_flops", "draw_low_precision"}


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in (axes.title, axes.xaxis.label, axes.yaxis.label)]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_figure_says_what_it_shows():
    for name in figures.names():
        assert figures.find(name).CAPTION.endswith(".")


def test_an_unknown_figure_is_named_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'power'"):
        figures.find("powr")


@pytest.mark.parametrize("style, formats", [("screen", ("png", "svg")), ("paper", ("pdf",))])
def test_figures_are_written_in_each_format_and_the_same_twice(study, tmp_path, style, formats):
    first = figures.drawn(study, tmp_path / "a", formats=formats, style=style)
    second = figures.drawn(study, tmp_path / "b", formats=formats, style=style)
    assert {one.name for one in first if one.files} == set(figures.names()) - DRAWS - {"crosscheck"}
    for one, other in zip(first, second, strict=True):
        for path, again in zip(one.files, other.files, strict=True):
            assert path.stat().st_size > 1000
            assert path.read_bytes() == again.read_bytes()


def test_a_figure_without_its_data_says_in_a_sentence_what_is_lacking(study, tmp_path):
    found = {one.name: one for one in figures.drawn(study, tmp_path, formats=("png",))}
    for name in DRAWS:
        assert found[name].files == () and found[name].data.empty
        assert found[name].lacking.endswith(".") and found[name].lacking.startswith("Tickets drawn at two epochs")


def test_a_study_without_meters_has_no_energy_to_draw(tmp_path):
    study = results.load(write_study(tmp_path, meters=()))
    found = {one.name: one.lacking for one in figures.drawn(study, tmp_path / "figures", formats=("png",))}
    assert {name for name, lacking in found.items() if not lacking} == {"distances"}
    assert found["energy"] == "No row of the study has an energy: no meter recorded it."
    assert found["setup"] == "No meter recorded the study."


def test_names_of_a_foreign_directory_are_no_formulas(tmp_path):
    study = results.load(write_study(tmp_path, meters=(r"$\frac$",)))
    for name in ("power", "setup", "energy"):
        figures.drawn(study, tmp_path / "figures", [name], ("svg",))


def test_a_figure_fits_its_column(study):
    for name in ("energy", "power", "setup", "pareto"):
        assert figures.draw(study, name, "paper").get_size_inches()[0] == pytest.approx(3.35)


@pytest.mark.parametrize("name", ["power", "prediction", "energy", "uncertainty", "pareto"])
def test_no_text_is_cut_off_at_one_column_or_lies_over_another(tmp_path, name):
    """Long names and many rows: what a study of the paper's Table 2 asks of a column."""
    asked = {"role": "finetune", "model": "preresnet101", "dataset": "cifar100", "source": {"draw": {"ratio": 0.3}}}
    folder = write_study(tmp_path, full=asked)
    content = json.loads((folder / "cells.json").read_text())
    seeds = [dict(cell, seed=seed, id=cell["id"][:-1] + str(seed)) for seed in (1, 2, 3) for cell in content["cells"]]
    (folder / "cells.json").write_text(json.dumps(dict(content, cells=seeds)))
    with style.LOOKS["paper"].applied():
        figure = figures.draw(results.load(folder), name, "paper")
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for axes in figure.axes for text in _labels(axes) if text.get_text().strip()]
    assert all(box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1 for box in boxes)
    assert all(box.y0 >= -1 and box.y1 <= figure.bbox.y1 + 1 for box in boxes)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def _labels(axes):
    return [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]


def test_mask_distances_are_those_of_the_detector():
    matrix = distances.distances((GAMMAS, SIZES), 0.5)
    masks = [channel_mask(np.split(row, [8]), 0.5) for row in GAMMAS]
    expected = [[mask_distance(a, b) for b in masks] for a in masks]
    assert matrix == pytest.approx(np.array(expected))


def test_distances_are_scaled_from_0_to_1_as_in_the_paper():
    scaled = distances.normalised(np.array([[0.1, 0.3], [0.3, 0.2]]))
    assert scaled == pytest.approx(np.array([[0, 1], [1, 0.5]]))
    assert not distances.normalised(np.full((2, 2), 0.3)).any()


def test_the_drawn_epoch_is_marked(study):
    axes = figures.draw(study, "distances").axes[0]
    assert [text.get_text() for text in axes.texts] == ["drawn at 2"]
    assert {line.get_xdata()[0] for line in axes.lines if line.get_xdata()[0] == line.get_xdata()[1]} == {2}


def test_a_search_that_drew_nothing_shows_every_ratio_of_the_study(tmp_path):
    """The study of Figure 3: where its own search had no detector, the paper's is run over the stored scales."""
    settled = np.tile(np.arange(1.0, 17, dtype=np.float32), (9, 1))
    settled[0] = settled[0][::-1]
    folder = write_study(tmp_path, {SEARCH: [attempt(WORKS[SEARCH]._replace(draws=()))]})
    (folder / "study.toml").write_text("ratios = [0.25, 0.75]\n")
    study = results.load(folder)
    run = next(run for run in study.runs.runs() if run.name == SEARCH)
    np.savez(run.rep.named("tickets/gammas.npz"), gammas=settled, sizes=SIZES)
    data = distances.data(study)
    assert data.groupby("ratio")["drawn_after_epoch"].first().to_dict() == {0.25: 7, 0.5: 7, 0.75: 7}
    assert len(figures.draw(study, "distances").axes) == 4


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


def test_energy_bars_hold_every_phase_and_the_interval(study):
    axes = figures.draw(study, "energy").axes[0]
    kJ = sum(patch.get_width() for patch in axes.patches)
    counted = study.phases[study.phases["headline"] | study.phases["phase"].isin(["evaluate", "checkpoint"])]
    assert kJ == pytest.approx(counted["attributed_energy_J"].sum() / 1000)
    assert "simulated" in axes.get_xlabel()
    data = figures.find("energy").data(study).drop_duplicates("method")
    assert data["headline_low_J"].tolist() == pytest.approx(study.cells["energy_low_J"].tolist())


def test_a_resumed_stage_is_drawn_with_what_was_lost(tmp_path):
    first = killed(attempt(WORKS[SEARCH]), 22)
    folder = write_study(tmp_path, {SEARCH: [first, attempt(WORKS[SEARCH], 2, saved(first))]})
    figure = figures.draw(results.load(folder), "power")
    assert "lost work" in legend(figure)


def test_an_attempt_without_a_trace_says_so_in_its_panel(tmp_path):
    folder = write_study(tmp_path)
    next((folder.parents[1] / "stages").rglob("*.arrow")).unlink()
    data = figures.find("power").data(results.load(folder))
    assert data["note"].dropna().str.contains("left no trace").any()
    figures.draw(results.load(folder), "power")


def test_the_front_joins_what_nothing_beats_in_both(study):
    pareto = figures.find("pareto")
    rows = pd.DataFrame(
        {"model": "m", "dataset": "d", "energy_J": [1.0, 2.0, 3.0, 1.5], "accuracy": [0.8, 0.9, 0.85, 0.8]}
    )
    assert [pareto._on_front(row, rows) for row in rows.to_dict("records")] == [True, True, False, False]


def test_the_parts_of_an_uncertainty_sum_to_its_bar(study):
    axes = figures.draw(study, "uncertainty").axes[0]
    shown = sum(patch.get_width() for patch in axes.patches)
    cells = study.cells
    expanded = (cells["energy_high_J"] - cells["energy_low_J"]) / 2 / cells["energy_J"]
    assert shown == pytest.approx(100 * expanded.sum())


def test_predictions_stand_beside_what_was_metered(study):
    data = figures.find("prediction").data(study)
    assert (data["metered_J"] > 0).all() and (data["composed_J"] / data["metered_J"]).between(0.9, 1.1).all()
    above, below = figures.draw(study, "prediction").axes
    assert below.get_xlabel() == "metered simulated energy (kJ)" and above.get_ylabel() == "predicted (kJ)"


def crosschecked():
    """As `harness.crosscheck.result.load` gives it: the second meter shows 4 % and 0.2 W more."""
    t_s = np.arange(0, 12, 0.01)
    watts = 5.0 + 4.0 * (t_s // 4)
    views = [SimpleNamespace(name=name, simulated=True, series=SimpleNamespace(t_s=t_s, watts=gain * watts + offset))
             for name, gain, offset in (("right", 1.0, 0.0), ("wrong", 1.04, 0.2))]  # fmt: skip
    levels = [{"load": load, "reference_W": level, "meter_W": 1.04 * level + 0.2}
              for load, level in (("idle", 5.0), ("cpu half", 9.0), ("cpu full", 13.0))]  # fmt: skip
    fit = {"gain": 1.04, "offset_W": 0.2, "lag_s": 0.08, "residual_W": 0.01}
    pair = {"reference": "right", "meter": "wrong", "levels": levels, "fit": fit}

    class Checked(CrossCheck):
        def views(self):
            return views

    return Checked(None, {"pairs": [pair], "simulated": True}, {})


def test_a_crosscheck_shows_each_meter_and_how_they_differ():
    figure = figures.draw(crosschecked(), "crosscheck")
    assert legend(figure) == ["right", "wrong"]
    over_time, pair = figure.axes
    assert over_time.get_ylabel() == "simulated power (W)"
    words = [text.get_text() for text in pair.texts]
    assert {"idle", "cpu half", "cpu full"} <= set(words) and "gain 1.04" in words[-1]


def test_the_set_up_names_each_meter_once_per_boundary(study):
    words = [text.get_text() for text in figures.draw(study, "setup").axes[0].texts]
    assert "wall (imitated) at dc_input, SIMULATED" in words
    assert words.count("A") == 2  # on the way, and beside the paragraph


def row(epoch, ratio=0.5, fired=None, accuracy=0.9, method="early_bird", seed=1, **options):
    cell = {"method": method, "model": "vgg16", "dataset": "cifar10", "ratio": ratio, "seed": seed, "options": options}
    energy = SimpleNamespace(fired=fired)
    return SimpleNamespace(cell=cell, repetition=1, accuracy_final=accuracy, flops=1e15 * epoch, epochs_searched=epoch,
                           energy=energy)  # fmt: skip


def of_rows(*rows):
    return SimpleNamespace(runs=SimpleNamespace(rows=lambda: list(rows)))


def drawn_at(*epochs, **options):
    return [row(epoch, accuracy=0.9 + 0.01 * seed, seed=seed, rule="epoch", at=epoch, **options)
            for epoch in epochs for seed in (1, 2, 3)]  # fmt: skip


def test_accuracy_against_draw_epoch_has_bars_a_star_the_dense_line_and_the_published_points():
    study = of_rows(row(160, None, method="dense", accuracy=0.94), *drawn_at(1, 20, 160), row(13, fired=True))
    figure = figures.draw(study, "draw_accuracy")
    assert legend(figure) == ["p = 50 %", "early bird", "dense", "published"]
    bars = figure.axes[0].containers[0]
    assert bars.lines[0].get_xdata().tolist() == [1, 20, 160]
    low, high = bars.lines[2][0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((91, 93))
    star = figure.axes[0].containers[1].lines[0]
    assert star.get_marker() == "*" and star.get_xdata().tolist() == [13]


def test_published_points_are_those_of_the_same_ratio_network_and_data():
    data = figures.find("draw_accuracy").data(of_rows(*drawn_at(1, 20)))
    published = data[data["what"] == "published"]
    assert set(published["ratio"]) == {0.5} and set(published["dataset"]) == {"cifar10"}
    assert not figures.find("draw_accuracy").data(of_rows(*drawn_at(1, 20, precision="fp32"))).empty


def test_draws_of_an_8_bit_search_are_a_figure_of_their_own():
    study = of_rows(*drawn_at(1, 20, precision="lf"), *drawn_at(5, 6, 7))
    assert set(figures.find("draw_low_precision").data(study)["epoch"]) == {1, 20}
    assert set(figures.find("draw_accuracy").data(study)["epoch"]) >= {5, 6, 7}
    labels = texts(figures.draw(study, "draw_low_precision"))
    assert "accuracy (%)" in labels and "training (PFLOP)" in labels


def test_flops_against_draw_epoch_say_their_unit():
    assert "training (PFLOP)" in texts(figures.draw(of_rows(*drawn_at(1, 20, 160)), "draw_flops"))


def test_methods_that_differ_in_more_than_the_draw_are_curves_of_their_own():
    others = drawn_at(1, 20, inherit=False, search_milestones=[8])
    figure = figures.draw(of_rows(*drawn_at(1, 20), *others), "draw_accuracy")
    assert legend(figure)[:2] == ["p = 50 %", "p = 50 %, re-initialised, search_milestones [8]"]


def test_every_method_of_the_paper_and_more_has_a_look_of_its_own():
    looks = [tuple(style.series(index).values()) for index in range(20)]
    assert len(set(looks)) == len(looks)
