"""A study whose meter was corrected by a calibration: true joules, its uncertainty, and its name in every table."""

import json

import pytest
from click.testing import CliRunner

import results
from harness import rundir, summary
from harness.cli import cli
from results import compare, paper, provenance, sheets
from results.checks import doubts
from tests.harness.recording import WORKS
from tests.harness.relabelled import relabel
from tests.meters.calibrations import content, copied
from tests.results.conftest import write_study

ABOUT = dict(content()["meter"], name="wall", kind="imitated", total=["out"])


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    return calibrate(write_study(tmp_path_factory.mktemp("study")))


def calibrate(folder, **changes):
    copy = copied(meter=ABOUT, simulated=True, **changes)
    for stage in WORKS:
        rep = rundir.StudyFolder(folder).machine.rep(stage, 1)
        relabel(rep.trace("wall", 1), calibration=copy)
        manifest = json.loads(rep.manifest.read_text())
        manifest["meters"][0]["calibration"] = copy
        rep.manifest.write_text(json.dumps(manifest))
        rundir.seal(rep)
    return folder


def test_joules_are_those_that_the_correction_gives(calibrated, study):
    raw, cells = study.cells.set_index("cell"), results.load(calibrated).cells.set_index("cell")
    expected = (raw["energy_J"] + 0.5 * raw["time_s"]) / 1.25
    assert cells["energy_J"].values == pytest.approx(expected.values, rel=1e-6)
    assert (cells["energy_net_of_idle_J"].dropna() > 0).all()


def test_the_calibration_takes_the_place_of_the_meters_own_accuracy(calibrated):
    found = results.load(calibrated)
    causes = found.budgets.groupby("cell")["cause"].apply(set).iloc[0]
    assert "calibration" in causes and not {"gain", "offset"} & causes
    row = found.budgets[(found.budgets["cause"] == "calibration")].iloc[0]
    cell = found.cells.set_index("cell").loc[row["cell"]]
    # Rectangular halves: 0.1 % of the energy, 2 mW, 20 mW; a normal part for the line.  The residual is the largest.
    largest = 0.02 * cell["time_s"]
    assert largest * 0.95 < row["expanded_J"] < largest * 1.3


def test_in_a_ratio_of_two_rows_it_cancels_as_far_as_it_is_one_error(calibrated):
    from results.uncertainty.budget import ratio

    found = results.load(calibrated)
    (one, other) = [energy for key, energy in found.energies.items() if key[0].startswith(("dense", "early"))]
    only = [
        {key: part for key, part in energy.budget.items() if key.startswith("calibration")} for energy in (one, other)
    ]
    from results.uncertainty.budget import Budget

    apart = [Budget(parts).half_width() / energy.joules for parts, energy in zip(only, (one, other), strict=True)]
    both = ratio((one.joules, Budget(only[0])), (other.joules, Budget(only[1])))
    assert both.expanded / both.value < 0.5 * (apart[0] + apart[1])


def test_every_table_names_it(calibrated):
    found = results.load(calibrated)
    text = "meter wall is corrected by calibration bench.json (signed by N. N. on 2026-01-02, against scpi analyser"
    for sheet in [*sheets.sheets(found), compare.sheets(found, found)[0], summary.sheets(found.runs)[0]]:
        assert any(text in note for note in sheet.notes), sheet.title
    for options in (["--paper"], ["--budget"], []):
        assert text in CliRunner().invoke(cli, ["table", str(calibrated), *options]).output
    for frame in (found.cells, found.phases, results.tables.main(found)):
        assert frame["calibration"].str.startswith("bench.json (signed").all()
    assert text in summary.as_json(calibrated)["calibrations"][0]
    assert provenance.meters(found.runs)[0]["calibration"].startswith("bench.json")
    assert paper.sheets(found)


def test_a_study_without_one_says_nothing_of_it(study):
    assert not any("calibration" in note for sheet in sheets.sheets(study) for note in sheet.notes)
    assert set(study.cells["calibration"]) == {""}


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({}, "tells it from others of its kind: that calibration bench.json is its own is taken on trust"),
        ({"power_mode": "MAXQ"}, "bench.json was made in power mode 'MAXQ' and applied in 'MAXN'"),
    ],
)
def test_what_may_make_it_untrue_is_a_doubt(tmp_path, changes, sentence):
    assert sentence in "\n".join(doubts(results.load(calibrate(write_study(tmp_path), **changes)).runs))


def test_stages_with_different_calibrations_are_told(tmp_path):
    folder = calibrate(write_study(tmp_path))
    rep = rundir.StudyFolder(folder).machine.rep(next(iter(WORKS)), 1)
    manifest = json.loads(rep.manifest.read_text())
    del manifest["meters"][0]["calibration"]
    rep.manifest.write_text(json.dumps(manifest))
    assert "wall was not corrected by the same calibration in all stages" in "\n".join(
        doubts(results.load(folder).runs)
    )


def test_a_sensor_of_another_board_is_told():
    from harness.ledger.calibrations import trust
    from meters import calibration

    copy = copied(meter=dict(ABOUT, boundaries=["module"]), machine="other-123456")
    found = trust(calibration.of(copy), {"power_mode": "MAXN", "machine": {"name": "board"}}, {"name": "wall"})
    assert found == ["Calibration bench.json is of a sensor of other-123456 and was applied on board."]
