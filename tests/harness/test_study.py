"""A study file says what it means, and each mistake in it is one sentence with the way out."""

import pytest

from harness import plan as planning
from harness import study as studies
from harness.commands import _conditions
from harness.errors import UserError

GOOD = """
models = ["vgg16"]
datasets = ["digits"]
ratios = [0.3, 0.5]
[training]
epochs = 4
[methods.early_bird]
epsilon = 0.2
"""


def mistake(text):
    with pytest.raises(UserError) as caught:
        studies.parse(text, "mine")
    assert caught.value.code == 2
    return str(caught.value)


def test_values_and_defaults():
    study = studies.parse(GOOD, "mine")
    assert study.ratios == (0.3, 0.5)
    assert study.training == {"epochs": 4}
    assert study.methods == {"early_bird": {"epsilon": 0.2}}
    assert study.idle_s == 20
    assert (study.power_mode, study.clocks, study.cooldown_below_C, study.keep_checkpoints) == (None, "", 0, False)


@pytest.mark.parametrize("mode", ["0", '"MAXN"'])
def test_a_power_mode_is_a_number_or_a_name(mode):
    study = studies.parse(f'power_mode = {mode}\nclocks = "locked"\n' + GOOD, "mine")
    assert str(study.power_mode) == mode.strip('"') and study.clocks == "locked"


def test_the_command_line_goes_before_the_keys_of_the_study():
    study = studies.parse('clocks = "locked"\ncooldown_below_C = 50\n' + GOOD, "mine")
    asked = {"power_mode": "0", "clocks": None, "cooldown_below_C": 0.0, "keep_checkpoints": None}
    applied = _conditions.applied(study, asked)
    assert (applied.power_mode, applied.clocks, applied.cooldown_below_C) == ("0", "locked", 0)


def test_a_list_of_draw_epochs_is_a_row_for_each():
    study = studies.parse(GOOD + 'at = [1, 2]\n[methods.draw]\nmethod = "early_bird"\nat = [10]\n', "mine")
    assert study.methods == {
        "early_bird_1": {"method": "early_bird", "epsilon": 0.2, "at": 1},
        "early_bird_2": {"method": "early_bird", "epsilon": 0.2, "at": 2},
        "draw_10": {"method": "early_bird", "at": 10},
    }


def test_every_bundled_study_parses():
    assert "smoke" in studies.bundled()
    for name in studies.bundled():
        assert studies.load(name).name == name


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ('models = ["vgg16"]', 'modles = ["vgg16"]', "did you mean 'models'"),
        ("epochs = 4", "epoch = 4", "did you mean 'epochs'"),
        ('["vgg16"]', '["vgg61"]', "did you mean 'vgg16'"),
        ('["digits"]', '["digit"]', "did you mean 'digits'"),
        ("[0.3, 0.5]", "[0.3, 1.0]", "ratio 1.0 is not between 0 and 1"),
        ("[0.3, 0.5]", "0.3", "ratios in study mine is 0.3: it must be a list, as in [0.3]"),
        ('["vgg16"]', '"vgg16"', 'models in study mine is "vgg16": it must be a list, as in ["vgg16"]'),
        ("ratios", "title = 3\nratios", "title in study mine is 3: it must be text in quotes"),
        ("epochs = 4", 'epochs = "4"', 'training.epochs in study mine is "4": it must be a whole number, as in 160'),
        ("[methods.early_bird]\nepsilon = 0.2", "", "names no method"),
        (
            "[methods.early_bird]\nepsilon = 0.2",
            "[methods]\ndense = 1",
            "methods.dense in study mine is no table",
        ),
        ("epsilon = 0.2", "at = []", "methods.early_bird.at in study mine is empty: list epochs to draw at, as in [10"),
        ("epsilon = 0.2", "at = [3, 3]", "study mine has two rows early_bird_3, one from [methods.early_bird]: rename"),
        ("epsilon = 0.2", "at = [3]\n[methods.early_bird_3]", "two rows early_bird_3, one from [methods.early_bird_3]"),
        ("ratios", "idle_s = -1\nratios", "idle_s in study mine is -1"),
        ("ratios", "repetitions = 0\nratios", "asks for no run"),
        ("ratios", "idle_s = nan\nratios", "idle_s in study mine is nan: it is a time in seconds, 0 or more"),
        ("ratios", "cooldown_s = inf\nratios", "cooldown_s in study mine is inf"),
        ("ratios", "seeds = [1, 2, 1]\nratios", "seeds in study mine names 1 twice: name each once; to measure"),
        ("[0.3, 0.5]", "[0.5, 0.5]", "ratios in study mine names 0.5 twice"),
        ('["vgg16"]', '["vgg16", "vgg16"]', "models in study mine names 'vgg16' twice"),
        ('["vgg16"]', "[16]", "models in study mine names 16: each is a name in quotes"),
        ("ratios", "meters = [1]\nratios", "meters in study mine names 1"),
        ("[methods.early_bird]", "[[methods.early_bird]]", "is no table: write [methods.early_bird]"),
        ("models =", "models ==", "not valid TOML"),
        ("ratios", "power_mode = true\nratios", "power_mode in study mine is True: it is a number or a name"),
        ("ratios", 'clocks = "lock"\nratios', "did you mean 'locked'"),
        ("ratios", "cooldown_below_C = -1\nratios", "it is a temperature in degrees C, 0 or more"),
        ("ratios", "keep_checkpoints = 1\nratios", "keep_checkpoints in study mine is 1: it must be true or false"),
    ],
)
def test_mistakes_are_named(before, after, expected):
    assert before in GOOD
    assert expected in mistake(GOOD.replace(before, after))


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ("epochs = 4", "batch_size = 0", "study mine: batch_size is 0: it must be a whole number, 1 or more"),
        ("epochs = 4", 'milestones = ["a"]', r"study mine: milestones are \['a'\]: each must be"),
        ("ratios", "seeds = [4294967296]\nratios", "study mine: seed is 4294967296: it must be less than 4294967296"),
        ("epsilon = 0.2", 'rule = "consec"', "study mine: no rule 'consec'; there are: consecutive"),
    ],
)
def test_mistakes_that_its_trainings_find_name_the_study(before, after, expected):
    study = studies.parse(GOOD.replace(before, after), "mine")
    with pytest.raises(UserError, match=expected) as caught:
        planning.plan(study)
    assert caught.value.code == 2


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="mine.toml can't be read .*: it is a text file in UTF-8") as caught:
        studies.load(str(tmp_path / "mine.toml"))
    assert caught.value.code == 2


def test_unknown_study_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'smoke'.*there are: .*tiny"):
        studies.load("smok")
    with pytest.raises(UserError, match="no study file nowhere/mine.toml"):
        studies.load("nowhere/mine.toml")
    with pytest.raises(UserError, match="no study file runs/mine; give the path of a .toml file, or one of: .*tiny"):
        studies.load("runs/mine")


def test_a_study_file_without_its_ending_is_named_with_it(tmp_path):
    (tmp_path / "mine.toml").write_text(GOOD)
    with pytest.raises(UserError, match="named with its ending: .*/mine.toml") as caught:
        studies.load(str(tmp_path / "mine"))
    assert caught.value.code == 2
