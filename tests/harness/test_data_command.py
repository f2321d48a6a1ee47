"""harness data: what there is, and files fetched on one machine for another."""

import json

import pytest
from click.testing import CliRunner

from harness.commands.data import command
from harness.errors import UserError
from workloads.data import cifar10


def run(*arguments):
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def test_the_data_sets_are_listed():
    assert {"cifar10", "digits", "synthetic"} <= set(run().output.split())
    assert "cifar100" in json.loads(run("--json").output)


def test_fetching_prints_the_folder_and_says_where_there_is_nothing_to_fetch(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10.cifar, "fetch", lambda release, folder: f"{folder}/{release.folder}")
    told = json.loads(run("fetch", "cifar10", "digits", "--data", str(tmp_path), "--json").output)
    assert told == {"cifar10": f"{tmp_path}/cifar-10-batches-py", "digits": None}
    plain = run("fetch", "cifar10", "digits", "--data", str(tmp_path)).output
    assert f"{tmp_path}/cifar-10-batches-py\n" in plain and "digits: nothing to fetch" in plain


def test_an_unknown_data_set_is_named_with_the_others(tmp_path):
    with pytest.raises(UserError, match="did you mean 'cifar10'.; there are: .*synthetic") as caught:
        run("fetch", "cifar11", "--data", str(tmp_path))
    assert caught.value.code == 2


def test_no_data_set_is_misuse():
    assert run("fetch").exit_code == 2
