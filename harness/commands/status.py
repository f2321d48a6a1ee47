"""harness status: tell how far the stages below a folder are."""

import json
from pathlib import Path
from typing import Any, Dict, List

import click

from harness.errors import UserError


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(directory: str, as_json: bool) -> None:
    """Show each stage below DIRECTORY (a run directory, a machine's folder or one stage; default: runs)."""
    stages = _stages(Path(directory))
    if as_json:
        return click.echo(json.dumps(stages, indent=1))
    for stage in stages:
        click.echo(
            f"{stage['stage']} rep {stage['repetition']}: {stage['what']}, {stage['state']}"
            f"{', attempts: ' + str(stage['attempts']) if stage['attempts'] > 1 else ''}"
        )


def _stages(folder: Path) -> List[Dict[str, Any]]:
    from harness import rundir, runner
    from harness.progress import describe
    from harness.session import read_manifest
    from workloads.job import Training

    found = []
    for path in sorted(rundir.reps(folder)):
        rep = rundir.Rep(path)
        manifest = read_manifest(rep)
        found.append(
            {
                "stage": manifest["stage"],
                "repetition": manifest["repetition"],
                "what": describe(Training.from_dict(manifest["full"])),
                "state": runner.state(rep),
                "attempts": len(manifest["attempts"]),
                "folder": str(path),
            }
        )
    if not found:
        raise UserError(f"no stage below {folder}: give a folder that harness run wrote, for example runs", code=2)
    return found
