"""The command line: every file in a `commands` folder is a verb.  The only place from which `results` is reached."""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, List, Optional

import click

from harness.errors import UserError, of_disk
from harness.verbs import Verbs
from meters.errors import MeterError
from workloads import WorkloadError

if TYPE_CHECKING:
    from pathlib import Path

ANALYSIS_PYTHON = (3, 10)
INTERRUPTED = 130
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Files(Verbs):
    """The verbs are files; one is imported when it is used, and what it is for is read from its first line."""

    def list_commands(self, ctx: click.Context) -> List[str]:
        return sorted(_files("harness") + _files("results"))

    def get_command(self, ctx: click.Context, name: str) -> Optional[click.Command]:
        if name in _files("harness"):
            return importlib.import_module("harness.commands." + name).command
        if name in _files("results"):
            return _analysis_command(name)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        purposes = [(name, _purpose(package, name)) for package in ("harness", "results") for name in _files(package)]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(purposes))


def _files(package: str) -> List[str]:
    names = os.listdir(_folder(package)) if os.path.isdir(_folder(package)) else []
    return [name[: -len(".py")] for name in names if name.endswith(".py") and not name.startswith("_")]


def _folder(package: str) -> str:
    return os.path.join(_ROOT, package, "commands")


def _purpose(package: str, name: str) -> str:
    """The first line of a verb's file after its name: `harness run: ...`."""
    with open(os.path.join(_folder(package), name + ".py"), encoding="utf-8") as file:
        return file.readline().partition(":")[2].strip().rstrip('."') + "."


def _analysis_command(name: str) -> click.Command:
    if sys.version_info >= ANALYSIS_PYTHON:
        return importlib.import_module("results.commands." + name).command

    def refuse(arguments: Any) -> None:
        raise UserError(
            f"harness {name} needs Python >= 3.10, this is {sys.version.split()[0]}: copy the run directory to one "
            "that has it and run this there"
        )

    anything = [click.Argument(["arguments"], nargs=-1)]
    return click.Command(name, callback=refuse, params=anything, context_settings={"ignore_unknown_options": True})


def analyse(folder: "Path") -> "List[Path]":
    """Write tables, figures and the report of a study's folder; returns what was written.

    Raises UserError where this machine can't: analysis needs Python >= 3.10 and the extra `report`.
    """
    if sys.version_info < ANALYSIS_PYTHON:
        raise UserError(
            "copy the run directory to a machine with Python >= 3.10 for tables, figures and the report: "
            f"harness report {folder}"
        )
    try:
        from results import report
    except ImportError as error:
        raise UserError(
            f"{error}: install the extra 'report' (pandas, matplotlib, jinja2, plotly), then: harness report {folder}"
        ) from error
    return report.write_all(folder)


@click.group(cls=Files, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="edge-energy-harness", message="%(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Measure what training a network costs in joules on this machine, and analyse what was measured."""
    from harness.board import restore

    context.obj = analyse
    restore.recover(lambda sentence: click.echo(sentence, err=True))


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit status 1 or 2."""
    try:
        cli(prog_name="harness")
    except UserError as error:
        _leave(str(error), error.code)
    except (MeterError, WorkloadError) as error:
        _leave(str(error), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sentence = of_disk(error)
        if sentence is None:
            raise
        _leave(sentence, 1)


def _leave(sentence: str, code: int) -> None:
    click.echo(f"error: {sentence}", err=True)
    sys.exit(code)
