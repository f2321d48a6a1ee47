"""A profile's rows are composed from its windows, within their intervals, and agree with the full run beside them."""

import json

import pytest
from click.testing import CliRunner

import results
from harness import rundir
from harness.cli import cli
from harness.errors import UserError
from harness.ledger import StudyRuns
from harness.summary import as_json, sheets
from results.sheets import sheets as tables
from results.unit_energy import factor
from tests.harness.profiled import IMAGES, TICKET, WINDOW_J, write_profile
from tests.harness.timeline import DURATION_MS, WATTS
from tests.results.conftest import write_study

EPOCH_J = WINDOW_J * 1000 / IMAGES  # the imitated data set has 1000 images


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("profile")
    write_study(top)
    return write_profile(top)


def test_a_row_takes_joules_per_image_times_images_times_epochs(folder):
    frame = results.load(folder).composed.set_index("cell")
    early = frame.loc["early_bird-vgg16-digits-0.5-seed1"]
    assert early["form"] == "windows" and early["composed_J"] == pytest.approx((2 + 2) * EPOCH_J, rel=1e-6)
    assert early["composed_low_J"] < early["composed_J"] < early["composed_high_J"]
    assert frame.loc["slimming-vgg16-digits-0.5-seed1", "composed_J"] == pytest.approx(8 * EPOCH_J, rel=1e-6)


def test_it_is_checked_against_the_full_run_beside_it(folder):
    row = results.load(folder).composed.set_index("cell").loc["slimming-vgg16-digits-0.5-seed1"]
    full = results.load(folder.parent / "imitated").cells.set_index("cell").loc["slimming-vgg16-digits-0.5-seed1"]
    assert row["metered_J"] == full["energy_J"]
    assert row["composed_over_metered"] == pytest.approx(row["composed_J"] / full["energy_J"])
    assert row["linear"] == (row["ratio_low"] <= 1 <= row["ratio_high"])


def test_the_full_run_shows_the_windows_beside_its_own_epochs(folder):
    frame = results.load(folder.parent / "imitated").composed
    assert set(frame["form"]) == {"epochs", "windows"}
    epochs = frame[frame["form"] == "epochs"].set_index("cell").loc["slimming-vgg16-digits-0.5-seed1"]
    assert epochs["composed_J"] == pytest.approx(8 * WATTS["epoch"] * DURATION_MS["epoch"] / 1000)


def test_the_gain_of_the_meter_widens_joules_and_cancels_in_the_ratio(folder):
    row = results.load(folder).composed.set_index("cell").loc["slimming-vgg16-digits-0.5-seed1"]
    relative = (row["composed_high_J"] - row["composed_low_J"]) / row["composed_J"]
    assert relative > 0.018, "1 % of gain on both sides"
    assert row["ratio_high"] - row["ratio_low"] < relative


def test_windows_that_scatter_widen_the_interval(tmp_path):
    steady = results.load(write_profile(tmp_path / "a")).composed.iloc[0]
    apart = results.load(write_profile(tmp_path / "b", scatter=0.1)).composed.iloc[0]
    width = [row["composed_high_J"] - row["composed_low_J"] for row in (steady, apart)]
    assert width[1] > 3 * width[0]


@pytest.mark.parametrize("scatter, said", [(0.0, "no"), (3.0, "cannot tell")])
def test_an_interval_that_holds_anything_does_not_confirm_that_energy_is_linear(tmp_path, scatter, said):
    write_study(tmp_path)
    sheet = tables(results.load(write_profile(tmp_path, scatter=scatter)))[-1]
    assert {line[-3] for line in sheet.lines} == {said}


def test_eight_bits_are_estimated_from_their_twin_in_fp32_and_their_emulation_is_named(folder):
    study = results.load(folder)
    row = study.composed.set_index("cell").loc["eb_lf-vgg16-digits-0.5-seed1"]
    assert row["emulated"] and row["estimated_J"] == pytest.approx((0.18 * 2 + 4) * EPOCH_J, rel=1e-6)
    sheet = tables(study)[0]
    line = next(line for line in sheet.lines if line[0] == "eb_lf 0.5")
    assert line[2].endswith(" estimated") and "kJ emulated" in line[-1]
    assert any("0.18 of the FP32 energy, a factor decoded from the paper" in note for note in sheet.notes)


def test_other_unit_energies_make_another_estimate(folder, tmp_path):
    table = tmp_path / "energies.csv"
    table.write_text(
        "operation,energy_pJ\nfp32_multiply,3.7\nfp32_add,0.9\nint8_multiply,0.2\nint8_add,0.03\nother,x\n"
    )
    assert factor(table) == pytest.approx(0.05)
    study = results.load(folder, unit_energies=table)
    row = study.composed.set_index("cell").loc["eb_lf-vgg16-digits-0.5-seed1"]
    assert row["estimated_J"] == pytest.approx((0.05 * 2 + 4) * EPOCH_J, rel=1e-6)
    shown = CliRunner().invoke(cli, ["table", str(folder), "--unit-energies", str(table)], catch_exceptions=False)
    assert "0.05 of the FP32 energy, a factor from the unit energies given" in shown.output
    table.write_text("operation,energy_pJ\nfp32_multiply,3.7\n")
    with pytest.raises(UserError, match="no energy for fp32_add"):
        factor(table)


def test_the_board_shows_composed_energy_and_says_so(folder):
    (sheet,) = sheets(StudyRuns.open(folder))
    assert sheet.header[2] == "composed simulated kJ"
    early = next(line for line in sheet.lines if line[0] == "early_bird 0.5")
    assert float(early[2]) == pytest.approx(4 * EPOCH_J / 1000, rel=1e-3)
    assert early[-1] == "epochs: ticket, accuracy: published" and early[1] == "93.26"
    content = as_json(folder)
    assert content["form"] == "profile" and content["rows"][0]["composed_J"] > 0
    json.dumps(content)


def test_finding_the_ticket_is_a_line_of_its_own(folder):
    for sheet in (sheets(StudyRuns.open(folder))[0], tables(results.load(folder))[0]):
        titles = [line[0] for line in sheet.lines]
        own = sheet.lines[titles.index("early_bird 0.5") + 1]
        assert own[0] == "  finding the ticket" and own[-1] == "not in the row above"
        assert float(own[2]) == pytest.approx(2 * WATTS["window"] * 0.9 / 100 / 1000, rel=1e-3), "two detections"
        assert len(own) == len(sheet.header)
        assert titles.count("  finding the ticket") == 2, "of the early bird in FP32, and of that in eight bits"


def test_no_joule_of_a_profile_stands_as_metered(folder):
    study = results.load(folder)
    assert study.cells["energy_J"].isna().all() and study.cells["flops"].notna().all()
    text = CliRunner().invoke(cli, ["table", str(folder)], catch_exceptions=False).output
    assert "composed simulated kJ" in text.replace("  ", " ") and "energy by phase" not in text


def test_a_cut_window_is_counted_once_when_it_has_been_redone(tmp_path):
    whole = results.load(write_profile(tmp_path / "a")).composed.set_index("cell")["composed_J"]
    cut = results.load(write_profile(tmp_path / "b", cut=True)).composed.set_index("cell")["composed_J"]
    assert cut.to_dict() == pytest.approx(whole.to_dict())


def test_a_stage_without_its_trace_leaves_its_rows_without_a_figure(tmp_path):
    folder = write_profile(tmp_path)
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    machine.rep(TICKET, 1).trace("wall", 1).unlink()
    study = results.load(folder)
    assert set(study.composed["cell"]) == {"dense_l1-vgg16-digits-seed1"}
    (sheet,) = sheets(study.runs)
    assert any(TICKET in note and "no steady state" in note for note in sheet.notes)
