import json
import math

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import results
from harness import rundir
from harness.cli import cli
from harness.errors import UserError
from results import compare, export
from tests.harness.recording import WORKS, step_samples, write_trace
from tests.harness.timeline import MS, WATTS, attempt
from tests.results.conftest import write_study
from tests.results.test_methods import repeated


def changed(tmp_path, factor=1.0, **manifest):
    """A study like the usual one, with another power of epochs and other facts in its manifests."""
    folder = write_study(tmp_path)
    machine = rundir.Machine(tmp_path / "runs", "board-abc123")
    power = dict(WATTS, epoch=factor * WATTS["epoch"])
    for stage, work in WORKS.items():
        rep = machine.rep(stage, 1)
        write_trace(rep.trace("wall", 1), step_samples(attempt(work), 300 * MS, power), "wall", 1)
        rep.manifest.write_text(json.dumps(dict(json.loads(rep.manifest.read_text()), **manifest)))
    return folder


def test_the_same_meter_compares_better_than_its_gain(study, tmp_path):
    other = results.load(changed(tmp_path, 1.2))
    pair = compare.pairs(study, other)[0]
    expected = other.cells["energy_J"].iloc[0] / study.cells["energy_J"].iloc[0]
    assert pair.ratio.value == pytest.approx(expected)
    assert pair.ratio.expanded < 0.001 and pair.reason == "metering only, one run"


def noisy(folder, sigma_W, seed):
    """The same study with noise on the power of each sample."""
    rng = np.random.default_rng(seed)
    machine = rundir.StudyFolder(folder).machine
    for stage, work in WORKS.items():
        samples = step_samples(attempt(work), 300 * MS, WATTS)
        samples = [(t_ns, watts + rng.normal(0, sigma_W)) for t_ns, watts in samples]
        write_trace(machine.rep(stage, 1).trace("wall", 1), samples, "wall", 1)
    return results.load(folder)


def test_noise_of_two_recordings_of_one_stage_does_not_cancel(tmp_path):
    """Stages have the same name in both studies; only what is wrong with the meter is wrong with both."""
    a, b = (noisy(write_study(tmp_path / name), 1.0, seed) for name, seed in (("a", 1), ("b", 2)))
    for pair in compare.pairs(a, b):
        noise = [e.budget.by_cause()["noise"].expanded / e.joules for e in (*pair.a.energies, *pair.b.energies)]
        assert pair.ratio.expanded >= 0.9 * math.hypot(*noise) > 0.001


def test_only_runs_of_one_seed_and_repetition_are_compared(tmp_path):
    """The ratio is not that of other runs than stand beside it without saying so."""
    (tmp_path / "one").mkdir(), (tmp_path / "three").mkdir()
    one, three = repeated(tmp_path / "one", [1.0]), repeated(tmp_path / "three", [1.0, 1.5, 2.0])
    pair = compare.pairs(one, three)[0]
    assert pair.ratio.value == pytest.approx(1.0) and "metering only, one run" in pair.reason
    for cell in three.runs.cells:
        cell["seed"] = 7
    pair = compare.pairs(one, three)[0]
    assert pair.ratio is None and pair.reason == "no run of the same seed and repetition in both"


def test_a_ratio_of_two_meters_says_that_it_leaves_their_accuracy_out(tmp_path):
    folders = [write_study(tmp_path / name) for name in "ab"]
    for name, folder in zip("ab", folders, strict=True):
        for stage, work in WORKS.items():
            rep = rundir.StudyFolder(folder).machine.rep(stage, 1)
            samples = step_samples(attempt(work), 300 * MS, WATTS)
            write_trace(rep.trace("wall", 1), samples, "wall", 1, gain_error=None, offset_error_W=None)
            rep.manifest.write_text(json.dumps(dict(json.loads(rep.manifest.read_text()), machine={"name": name})))
    a, b = map(results.load, folders)
    assert compare.pairs(a, b)[0].reason.endswith("excl. meter accuracy")
    assert "excl." not in compare.pairs(a, a)[0].reason, "one meter's gain cancels, whatever it is"


def test_two_meters_do_not_cancel(study, tmp_path):
    other = results.load(changed(tmp_path, 1.0, machine={"name": "another board"}))
    pair = compare.pairs(study, other)[0]
    assert pair.ratio.expanded == pytest.approx(1.9 * 0.01 / 2**0.5 * 2**0.5, rel=0.2)
    assert pair.reason == "not distinguishable, metering only, one run"


def test_boundaries_are_never_mixed(study, tmp_path):
    folder = changed(tmp_path)
    for rep in rundir.Machine(tmp_path / "runs", "board-abc123").folder.glob("stages/*/rep-1"):
        path = rep / "manifest.json"
        path.write_text(path.read_text().replace("dc_input", "module"))
    pair = compare.pairs(study, results.load(folder))[0]
    assert pair.ratio is None and pair.reason == "measured at dc_input and at module: not comparable"


def test_what_else_differed_is_listed(study, tmp_path):
    other = results.load(changed(tmp_path, power_mode="MAXQ", threads=4, versions={"torch": "2", "code": "abc"}))
    facts = {fact: (a, b) for fact, a, b in compare.differences(study, other)}
    assert facts["power mode"] == ("MAXN", "MAXQ") and facts["threads"] == ("1", "4")
    assert facts["version of torch"] == ("imitated", "2") and facts["version of code"] == ("–", "abc")


def test_the_command_prints_both_tables(study_dir, tmp_path):
    folder = changed(tmp_path, 1.2, power_mode="MAXQ")
    text = CliRunner().invoke(cli, ["compare", str(study_dir), str(folder)], catch_exceptions=False).output
    assert "early_bird at ratio 0.5" in text and "MAXQ" in text
    content = json.loads(CliRunner().invoke(cli, ["compare", str(study_dir), str(folder), "--json"]).output)
    assert len(content["rows"]) == 3 and content["rows"][0]["low"] > 1


def test_stages_of_different_power_modes_do_not_go_into_one_table(study_dir, tmp_path):
    folder = write_study(tmp_path)
    manifest = next(iter(rundir.Machine(tmp_path / "runs", "board-abc123").folder.glob("stages/*/rep-1/manifest.json")))
    manifest.write_text(manifest.read_text().replace("MAXN", "MAXQ"))
    with pytest.raises(UserError, match="different power modes: MAXN, MAXQ.*--allow-mixed"):
        results.load(folder)
    done = CliRunner().invoke(cli, ["table", str(folder), "--allow-mixed"], catch_exceptions=False)
    assert done.exit_code == 0


@pytest.mark.parametrize(
    "stated, sentence",
    [
        (("identity", {"board": "Jetson Nano"}), "Meter wall read different boards: Jetson Nano in .*, Jetson TX2"),
        (("identity", {"compatible": ["nvidia,tegra210"]}), "Meter wall read different boards: Jetson TX2 .*tegra210"),
        (("channels", "ac_wall"), "Meter wall sat at different boundaries: ac_wall in stage .*, dc_input in stage"),
    ],
)
def test_what_one_meter_name_read_at_two_places_does_not_go_into_one_table(tmp_path, stated, sentence):
    """Of one host, as an analyser's laptop or a container is: the host's own name does not tell the boards apart."""
    folder = write_study(tmp_path)
    manifests = sorted(rundir.Machine(tmp_path / "runs", "board-abc123").folder.glob("stages/*/rep-1/manifest.json"))
    for path in manifests:
        content = json.loads(path.read_text())
        (meter,) = content["meters"]
        meter["identity"] = {"board": "Jetson TX2"}
        if path == manifests[0] and stated[0] == "channels":
            meter["channels"][0]["boundary"] = stated[1]
        elif path == manifests[0]:
            meter["identity"] = stated[1]
        path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=sentence + ".*--allow-mixed"):
        results.load(folder)
    done = CliRunner().invoke(cli, ["table", str(folder), "--allow-mixed"], catch_exceptions=False)
    assert done.exit_code == 0 and "MIXED" in done.output


@pytest.mark.parametrize("kind", export.FORMATS)
def test_frames_are_exported_with_a_schema(study, tmp_path, kind):
    written = export.write(study, tmp_path, kind)
    assert {path.stem for path in written} == {*export.FRAMES, "schema"}
    schema = json.loads((tmp_path / "schema.json").read_text())
    assert schema["schema"] == 1 and "energy_J" in schema["frames"]["cells"]
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "json": _rows}[kind]
    frame = read(tmp_path / f"cells.{kind}")
    assert list(frame["energy_J"]) == pytest.approx(list(study.cells["energy_J"]))


def _rows(path):
    return pd.DataFrame(json.loads(path.read_text())["rows"])


def test_the_export_command_names_its_files(study_dir, tmp_path):
    done = CliRunner().invoke(cli, ["export", str(study_dir), "--format", "csv", "--out", str(tmp_path)])
    assert done.exit_code == 0 and str(tmp_path / "windows.csv") in done.output


def test_the_budget_of_each_cell_can_be_shown(study_dir):
    done = CliRunner().invoke(cli, ["table", str(study_dir), "--budget"], catch_exceptions=False)
    assert "uncertainty budgets" in done.output and "gain" in done.output and "0.95" in done.output
