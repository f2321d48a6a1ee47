"""harness status: tell what is running now, and how far the stages below a folder are."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import click

from harness.errors import UserError


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON; a stage that runs now says so under `running`.")
def command(directory: str, as_json: bool) -> None:
    """Show what runs now and each stage below DIRECTORY (a run directory, a machine's folder, one stage).

    Without DIRECTORY: runs.
    """
    from harness.unattended.beacon import running

    now = running(Path(directory))
    stages = _stages(Path(directory), now)
    if as_json:
        return click.echo(json.dumps(stages, indent=1))
    for run in now:
        click.echo(_running(run))
    for stage in stages:
        click.echo(
            f"{stage['stage']} rep {stage['repetition']}: {stage['what']}, {stage['state']}"
            f"{', attempts: ' + str(stage['attempts']) if stage['attempts'] > 1 else ''}"
        )


def _running(run: Dict[str, Any]) -> str:
    from harness.progress import duration

    left = "" if run["left_s"] is None else f"about {duration(run['left_s'])} left"
    facts = ", ".join(part for part in (run["doing"], run["power"], left) if part)
    return f"running now: {run['study']} [{run['number']}/{run['of']}] {run['what']}, {facts} (process {run['pid']})"


def _stages(folder: Path, now: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    from harness import rundir, runner
    from harness.progress import describe
    from harness.session import read_manifest
    from workloads.job import Training

    found = []
    for path in sorted(rundir.reps(folder)):
        rep = rundir.Rep(path)
        manifest = read_manifest(rep)
        run = _run_of(manifest, now)
        stage = {
            "stage": manifest["stage"],
            "repetition": manifest["repetition"],
            "what": describe(Training.from_dict(manifest["full"])),
            "state": f"running, {run['doing']}" if run else runner.state(rep),
            "attempts": len(manifest["attempts"]),
            "folder": str(path),
        }
        found.append(dict(stage, running=run) if run else stage)
    if not found and not now:
        raise UserError(
            f"no stage below {folder}: give the folder that harness run wrote into, for example runs, a machine's "
            "in it or a stage's; a study's holds tables and no stage",
            code=2,
        )
    return found


def _run_of(manifest: Dict[str, Any], now: List[Dict[str, Any]]) -> Optional[Dict[str, Any]]:
    """The run that is at this stage."""
    key = manifest["stage"], manifest["repetition"]
    return next((run for run in now if (run["stage"], run["repetition"]) == key), None)
