"""harness run: train what a study asks for while the meters record, and print what it cost."""

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

import click

from harness.commands import _conditions, _unattended
from harness.errors import UserError
from harness.recording.asked import Asked
from harness.recording.asked import options as recorder_options

ELSEWHERE = ("elsewhere",)  # another machine records the meter; its trace is attached later


@click.command()
@click.argument("study")
@click.option(
    "--meter",
    "meters",
    multiple=True,
    metavar="KIND[:key=value,...]",
    help="Power meter, may be repeated; the first gives the headline kJ. 'none' runs without energy, "
    "'elsewhere' with the load pulses by which a trace from another machine is attached. "
    "[default: the study's]",
)
@click.option(
    "--only",
    multiple=True,
    metavar="key=value,...",
    help="Rows to run, for example method=early_bird,ratio=0.5. [default: all]",
)
@click.option(
    "--form",
    type=click.Choice(["full", "profile"]),
    default=None,
    help="'full' trains to the end; 'profile' runs short windows of each distinct network, from which the energy of "
    "all is composed. [default: the study's]",
)
@click.option(
    "--ticket",
    "tickets",
    type=click.Path(exists=True, dir_okay=False),
    multiple=True,
    help="Ticket file for a profile, may be repeated. [default: those imported, or drawn by full runs here]",
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
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Train on so many GPUs (without a GPU: CPU processes) at once, each with its share of every batch.",
)
@click.option("--dry-run", is_flag=True, help="Show rows and stages with their folders, and run nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Resume under other code, torch, power mode, threads, devices or meters; the rows are marked. Finished stages "
    "are taken as they are.",
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
    form: Optional[str],
    tickets: Tuple[str, ...],
    out: str,
    data: Optional[str],
    threads: Optional[int],
    devices: int,
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
    from harness import study as studies

    asked = studies.formed(_conditions.applied(studies.load(study), conditions), form)
    plan, known = _formed(asked, only, tickets, Path(out))
    specs = _meters(meters or asked.meters, asked.name)
    if dry_run:
        return _show(plan, known, Path(out), as_json)
    plan.check()
    if detach:
        return _unattended.in_background(_folder(asked, Path(out)), out, as_json)
    if at_boot:
        _unattended.install(asked.name)
    _predict(_folder(asked, Path(out)), study, plan.study.form, only, tickets, out)
    settings = _settings(asked, specs, (threads, devices), data, recorder, (meters or asked.meters) == ELSEWHERE)
    folder = _run(plan, Path(out), settings, force)
    if at_boot:
        _unattended.complete(asked.name)
    _report(folder, analyse, as_json)


def _formed(asked: Any, only: Tuple[str, ...], tickets: Tuple[str, ...], out: Path) -> Tuple[Any, Any]:
    """The plan in the form that its study asks for, and what knows its tickets."""
    from harness import finder, machine, profile, reuse, rundir, shelf
    from harness import plan as planning

    if tickets and asked.form == "full":
        raise UserError("--ticket is for profiles: add --form profile; a full run draws its own tickets", code=2)
    board = rundir.Machine(out, machine.name())
    plan = reuse.reusing(planning.plan(asked, only), board)
    held = shelf.Shelf([Path(ticket) for ticket in tickets], board.tickets)
    known = finder.Finder(plan, held, board)
    return (profile.profile(plan, known, held) if asked.form == "profile" else plan), known


def _predict(folder: Any, study: str, form: str, only: Tuple[str, ...], tickets: Tuple[str, ...], out: str) -> None:
    """Keep what the run is expected to take; another process foretells it, so that torch is gone before measuring.

    What was foretold when the study was begun stays. A run goes on without a prediction: its reason is said.
    """
    import subprocess

    if folder.prediction.exists():
        return
    command = [sys.executable, "-m", "harness", "plan", study, "--form", form, "--out", out, "--write"]
    command += [word for rule in only for word in ("--only", rule)]
    command += [word for ticket in tickets for word in ("--ticket", ticket)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["harness plan failed"])[-1]
        click.echo(f"note: nothing is predicted: {re.sub('^error: ', '', reason)}", err=True)


def _meters(texts: Tuple[str, ...], study: str) -> Tuple[Any, ...]:
    from meters.errors import MeterError
    from meters.spec import kinds, parse_all

    if not texts:
        raise UserError(
            f"study {study} names no power meter: use --meter KIND with one of {', '.join(kinds())}, or "
            "--meter none to run without energy, --meter elsewhere when another machine records it",
            code=2,
        )
    if texts in (("none",), ELSEWHERE):
        return ()
    alone = [text for text in texts if text in ("none", *ELSEWHERE)]
    if alone:
        raise UserError(f"--meter {alone[0]} stands alone: leave it out, or the other meters", code=2)
    try:
        return tuple(parse_all(texts))
    except MeterError as error:
        raise UserError(str(error), code=2) from error


def _settings(
    study: Any,
    specs: Tuple[Any, ...],
    workers: Tuple[Optional[int], int],
    data: Optional[str],
    recorder: Asked,
    elsewhere: bool = False,
) -> Any:
    from harness.board.gate import Gate
    from harness.session import Settings

    threads, devices = workers
    return Settings(
        meters=specs,
        idle_s=study.idle_s,
        cooldown_s=study.cooldown_s,
        detection_s=study.detection_s,
        threads=threads or len(os.sched_getaffinity(0)),
        data_dir=data,
        devices=devices,
        recorder=recorder,
        gate=Gate(study.cooldown_below_C, study.cooldown_timeout_s),
        keep_checkpoints=study.keep_checkpoints,
        elsewhere=elsewhere,
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


def _show(plan: Any, known: Any, out: Path, as_json: bool) -> None:
    """What would run, where, and how many FLOPs it would take."""
    from harness import dry_run

    found = dry_run.listing(plan, known, out)
    click.echo(json.dumps(found, indent=1) if as_json else dry_run.text(found))
