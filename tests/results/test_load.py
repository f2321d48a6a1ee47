import gc
import subprocess
import sys

import pytest

import results
from harness.errors import UserError
from results.uncollected import uncollected
from tests.harness.timeline import DURATION_MS, WATTS
from tests.results.conftest import write_study


def test_a_study_is_found_from_its_own_folder_and_from_those_above(study_dir):
    for folder in (study_dir, study_dir.parents[1], study_dir.parents[2]):
        assert results.load(folder).name == "imitated"


def test_several_studies_must_be_named(tmp_path):
    first = write_study(tmp_path)
    other = first.parent / "other"
    other.mkdir()
    (other / "cells.json").write_text((first / "cells.json").read_text())
    with pytest.raises(UserError, match="holds 2 studies; name one of"):
        results.load(tmp_path / "runs")


def test_a_folder_without_a_study_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="no study in"):
        results.load(tmp_path)
    with pytest.raises(UserError, match="is not a directory"):
        results.load(tmp_path / "missing")


def test_cells_are_a_frame_with_units_in_its_columns(study):
    frame = study.cells.set_index("method")
    dense = 4 * WATTS["epoch"] * DURATION_MS["epoch"] / 1000 + 6 * WATTS["train"] * DURATION_MS["around"] / 1000
    assert frame.loc["dense", "energy_J"] == pytest.approx(dense, rel=1e-6)
    assert frame.loc["early_bird", "epochs_searched"] == 2
    assert frame.loc["early_bird", "flops_0.05P"] == pytest.approx(8.4e9 / 5e13)
    assert frame["simulated"].all() and (frame["boundary"] == "dc_input").all()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was_also_by_a_study_that_is_refused(study_dir, enabled):
    (gc.enable if enabled else gc.disable)()
    try:
        assert len(results.load(study_dir).cells)
        with pytest.raises(RuntimeError), uncollected():
            assert not gc.isenabled()
            raise RuntimeError
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_phases_of_the_headline_sum_to_the_cell(study):
    phases = study.phases[study.phases["headline"]].groupby("cell")["attributed_energy_J"].sum()
    cells = study.cells.set_index("cell")["energy_J"]
    assert dict(phases) == pytest.approx(dict(cells), rel=1e-9)


def test_what_the_headline_leaves_out_has_rows_of_its_own(study):
    apart = study.phases[(study.phases["cell"] == "dense-vgg16-digits-seed1") & ~study.phases["headline"]]
    assert list(apart["phase"]) == ["evaluate", "checkpoint", "load", "idle", "sync", "cooldown"]
    idle = apart.set_index("phase").loc["idle"]
    assert idle["mean_power_W"] == pytest.approx(WATTS["idle"], rel=1e-6)


def test_epochs_and_windows_carry_coverage_and_place(study):
    assert len(study.epochs) == 4 + 4 + 4 + 2
    assert study.epochs["coverage"].eq(1.0).all()
    windows = study.windows
    assert windows[windows["depth"] == 0]["own_time_s"].sum() < windows[windows["depth"] == 0]["time_s"].sum()
    assert windows["epoch"].dtype == "Int64"


def test_own_parts_sum_to_the_stage(study):
    windows = study.windows
    whole = windows[windows["phase"] == "stage"].set_index("stage")["energy_J"]
    assert dict(windows.groupby("stage")["own_energy_J"].sum()) == pytest.approx(dict(whole), rel=1e-9)


def test_the_detection_overhead_is_a_frame(study):
    cost = study.detection.iloc[0]
    assert cost["energy_share_of_one_epoch"] == pytest.approx(8.25 * 0.9 / 100 / (9.0 * 1.5), rel=1e-6)
    assert cost["flops_share_of_one_forward_pass"] == pytest.approx(224 / 1e6)
    assert cost["memory_as_published_B"] == 64


def test_flops_are_told_stage_by_stage_and_in_both_conventions(study):
    from results import flops

    frame = flops.frame(study.runs).set_index(["cell", "role"])
    early = "early_bird-vgg16-digits-0.5-seed1"
    assert frame.loc[(early, "search"), "flops"] == 3 * 1000 * 2 * 1000000
    assert frame.loc[(early, "retrain"), "flops"] == 3 * 1000 * 2 * 400000
    assert frame.loc[(early, "total"), "flops_mac2"] == 3 * 1000 * (2 * 990000 + 2 * 390000)


def test_no_torch_is_needed_to_analyse():
    """Importing every module of results pulls in no torch."""
    code = (
        "import pkgutil, importlib, sys, results\n"
        "for m in pkgutil.walk_packages(results.__path__, 'results.'): importlib.import_module(m.name)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
