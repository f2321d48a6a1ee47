"""harness run: train what a study asks for while the meters record, and print what it cost."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

import click

from harness.commands import _conditions, _unattended
from harness.errors import UserError
from harness.recording.asked import Asked
from harness.recording.asked import options as recorder_options


@click.command()
@click.argument("study")
@click.option(
    "--meter",
    "meters",
    multiple=True,
    metavar="KIND[:key=value,...]",
    help="Power meter, may be repeated; the first gives the headline kJ. 'none' runs without energy. "
    "[default: the study's]",
)
@click.option(
    "--only",
    multiple=True,
    metavar="key=value,...",
    help="Rows to run, for example method=early_bird,ratio=0.5. [default: all]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default="runs",
    show_default=True,
    help="Folder for what is recorded.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False),
    default=None,
    help="Folder with the datasets. [default: downloaded to ~/.cache]",
)
@click.option(
    "--threads", type=click.IntRange(1), default=None, help="CPU threads of the training. [default: all CPUs]"
)
@recorder_options
@click.option("--dry-run", is_flag=True, help="Show rows and stages with their folders, and run nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Resume under other code, torch, power mode, threads or meters; the rows are marked.",
)
@click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
@_conditions.options
@_unattended.options
@click.pass_obj
def command(
    analyse: Callable[[Path], List[Path]],
    study: str,
    meters: Tuple[str, ...],
    only: Tuple[str, ...],
    out: str,
    data: Optional[str],
    threads: Optional[int],
    recorder: Asked,
    dry_run: bool,
    force: bool,
    as_json: bool,
    detach: bool,
    at_boot: bool,
    **conditions: Any,
) -> None:
    """Run STUDY (a bundled name or a .toml file), skipping what is finished and resuming what was interrupted.

    Exit status: 0 done, 1 failed, 2 misused, 130 interrupted; the same command resumes.
    """
    from harness import plan as planning
    from harness import study as studies

    asked = _conditions.applied(studies.load(study), conditions)
    plan = planning.plan(asked, only)
    specs = _meters(meters or asked.meters, asked.name)
    if dry_run:
        return _show(plan, Path(out), as_json)
    if detach:
        return _unattended.in_background(_folder(asked, Path(out)), out, as_json)
    if at_boot:
        _unattended.install(asked.name)
    folder = _run(plan, Path(out), _settings(asked, specs, threads, data, recorder), force)
    if at_boot:
        _unattended.complete(asked.name)
    _report(folder, analyse, as_json)


def _meters(texts: Tuple[str, ...], study: str) -> Tuple[Any, ...]:
    from meters.errors import MeterError
    from meters.spec import kinds, parse_all

    if not texts:
        raise UserError(
            f"study {study} names no power meter: use --meter KIND with one of {', '.join(kinds())}, or "
            "--meter none to run without energy",
            code=2,
        )
    if texts == ("none",):
        return ()
    try:
        return tuple(parse_all(texts))
    except MeterError as error:
        raise UserError(str(error), code=2) from error


def _settings(study: Any, specs: Tuple[Any, ...], threads: Optional[int], data: Optional[str], recorder: Asked) -> Any:
    from harness.board.gate import Gate
    from harness.session import Settings

    return Settings(
        meters=specs,
        idle_s=study.idle_s,
        cooldown_s=study.cooldown_s,
        detection_s=study.detection_s,
        threads=threads or len(os.sched_getaffinity(0)),
        data_dir=data,
        recorder=recorder,
        gate=Gate(study.cooldown_below_C, study.cooldown_timeout_s),
        keep_checkpoints=study.keep_checkpoints,
    )


def _run(plan: Any, out: Path, settings: Any, force: bool) -> Any:
    from harness import lock, machine, progress, rundir, runner
    from harness.board import hold
    from harness.unattended import footprint
    from harness.unattended.beacon import Beacon

    study = plan.study
    power = hold.Asked(study.power_mode, study.clocks or None)
    told = progress.reporter(overhead_s=settings.idle_s + settings.cooldown_s + settings.detection_s)
    reporter = Beacon(told, _folder(study, out), runner.order(plan))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with lock.exclusive(rundir.Machine(out, machine.name()).lock) as held, hold.held(power, reporter.say):
            footprint.announce(plan, out, settings, reporter.say)
            return runner.run(plan, out, settings, reporter, held, force)
    except KeyboardInterrupt:
        reporter.say("interrupted: what was finished is kept; run the same command again to resume")
        sys.exit(130)
    finally:
        reporter.close()


def _folder(study: Any, out: Path) -> Any:
    from harness import machine, rundir

    return rundir.Machine(out, machine.name()).study(study.name)


def _report(folder: Any, analyse: Callable[[Path], List[Path]], as_json: bool) -> None:
    """Print the summary, then write tables, figures and report where this machine can."""
    from harness import summary

    if as_json:
        click.echo(json.dumps(summary.as_json(folder.folder), indent=1))
    else:
        summary.show(folder.folder)
    try:
        written = analyse(folder.folder)
    except UserError as error:
        return click.echo(f"note: {error}", err=True)
    for path in written:
        click.echo(str(path), err=as_json)


def _show(plan: Any, out: Path, as_json: bool) -> None:
    """What would run, and where."""
    from harness import machine, rundir, runner
    from harness.plan import as_json as cells_json
    from harness.plan import stage_name
    from harness.progress import describe

    board = rundir.Machine(out, machine.name())
    stages = [
        {
            "stage": stage_name(stage),
            "repetition": repetition,
            "what": describe(stage),
            "epochs": stage.last_epoch,
            "folder": str(board.rep(stage_name(stage), repetition).folder),
            "state": state,
        }
        for stage, repetition, state in runner.status(plan, out)
    ]
    if as_json:
        return click.echo(json.dumps(dict(cells_json(plan), stages=stages), indent=1))
    click.echo(f"{len(plan.cells)} rows:")
    for cell in cells_json(plan)["cells"]:
        charges = [
            charge["stage"] + (f" up to draw {charge['until']}" if charge["until"] else "")
            for charge in cell["charges"]
        ]
        click.echo(f"  {cell['id']}: {', then '.join(charges)}")
    click.echo(f"{len(stages)} stages:")
    for stage in stages:
        click.echo(
            f"  {stage['stage']} rep {stage['repetition']}: {stage['what']}, up to {stage['epochs']} epochs, "
            f"{stage['state']}; {stage['folder']}"
        )
